import { join } from "node:path";
import { checkName, checkOptionNames, PersistError } from "@cuitty/persist-core";
import { type NetworkOptions, networkOptionNames, parseNetworkOptions } from "./network/options.ts";

/** How a store meets its peers; without `discovery` it meets none, and no network is used. */
export interface P2pOptions extends Partial<Omit<NetworkOptions, "folder">> {
  /**
   * The local file, relative to the working folder; folders that are missing are made. Default `./.persist/<name>-p2p/store.db`. This peer's key and what it knows of memberships are kept in a folder beside
   * it, `<path>-peer`. `":memory:"` keeps everything in this process, and takes a new identity each time.
   */
  path?: string;
  /** What an acknowledged write survives on this peer: see `SqliteOptions`. Default `"full"`. */
  durability?: "full" | "relaxed";
}

/** What the factory gets: its own options, and those that `createStore` passes on. */
export interface P2pFactoryOptions extends P2pOptions {
  name?: string;
  namespace?: string;
  adapter?: unknown;
  clock?: () => number;
  require?: unknown;
}

export interface ParsedOptions {
  readonly path: string;
  readonly durability: "full" | "relaxed";
  /** `undefined`: no network. */
  readonly network: NetworkOptions | undefined;
}

const passed = ["name", "namespace", "adapter", "clock", "require"];

/** Throws INVALID_ARGUMENT. */
export function parseOptions(options: P2pFactoryOptions): ParsedOptions {
  checkOptionNames("p2p", options, ["path", "durability", ...networkOptionNames, ...passed]);
  const { name, durability = "full" } = options;
  if (name !== undefined) checkName(name, "name");
  if (durability !== "full" && durability !== "relaxed") {
    throw invalid(`The option durability must be "full" or "relaxed" (it was ${JSON.stringify(durability)}).`);
  }
  checkClosed(options);
  const path = parsePath(options.path, name);
  return { path, durability, network: networkOf(options, path) };
}

/** What keeps others out is never left out by mistake: a variable that is not set would open the store to everybody around. */
function checkClosed(options: P2pFactoryOptions): void {
  for (const name of ["secret", "members", "networkKey"] as const) {
    if (name in options && options[name] === undefined) {
      throw invalid(
        `The option ${name} is undefined. Is the environment variable set? To open the store without it, leave it out.`,
      );
    }
  }
}

function networkOf(options: P2pFactoryOptions, path: string): NetworkOptions | undefined {
  const given = Object.entries(options).filter(
    ([name, value]) => networkOptionNames.includes(name) && value !== undefined,
  );
  if (options.discovery === undefined) {
    if (given.length === 0) return undefined;
    throw invalid(
      `The option ${given[0]?.[0]} is of use only with discovery, which says how peers are found: discovery: { method: "mdns", topic: "my-app" }.`,
    );
  }
  const network = { ...Object.fromEntries(given), folder: folderOf(path) } as unknown as NetworkOptions;
  parseNetworkOptions(network); // so that what is wrong is told before anything is opened
  return network;
}

/** What belongs to this peer and not to the data: its key, what it knows of memberships, how often the file was opened. */
export function folderOf(path: string): string {
  return path === ":memory:" ? ":memory:" : `${path}-peer`;
}

function parsePath(path: unknown, name: string | undefined): string {
  if (path === undefined) {
    if (name === undefined) throw invalid("p2p needs the option path, or the name of a store.");
    return join(".persist", `${name}-p2p`, "store.db");
  }
  if (typeof path === "string" && path !== "" && !path.includes("\0") && path.trim() === path) return path;
  throw invalid(`The option path must be the path of a file, or ":memory:" (it was ${JSON.stringify(path)}).`);
}

function invalid(message: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", message, { adapter: "p2p" });
}
