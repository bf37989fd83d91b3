/** What people say about the network, and what is made of it. Messages never hold a secret. */

import { isIP } from "node:net";
import { join } from "node:path";
import { checkOptionNames, PersistError } from "@cuitty/persist-core";

export type DiscoveryMethod = "mdns" | "dht" | "static";

export interface DiscoveryOptions {
  /** How peers are found: `"mdns"` in the local network, `"dht"` over bootstrap nodes, `"static"` at the addresses in `peers`; or several of them. */
  method: DiscoveryMethod | readonly DiscoveryMethod[];
  /** Who belongs together: 1 to 256 characters. It is no secret, and is not shown on the air either: only a keyed hash of it is. */
  topic: string;
  /** Multiaddrs of bootstrap nodes, each with `/p2p/…` at its end; `"dht"` needs some, or `public`. Run one with `npx @cuitty/persist-p2p bootstrap`. */
  bootstrap?: readonly string[];
  /** Multiaddrs of peers that are dialled as long as the store is open, with or without `/p2p/…`. */
  peers?: readonly string[];
  /** Names or addresses of the interfaces that mDNS uses. Default: all that have an IPv4 address. */
  interfaces?: readonly string[];
  /** Milliseconds between two questions of mDNS when nobody is missing, 1 000 to 3 600 000. Default 10 000. While a known peer is away it asks each second. */
  interval?: number;
  /** Uses the public DHT of IPFS instead of bootstrap nodes of one's own. It is slow (half a minute to find a peer), and its nodes see the addresses of this one. */
  public?: true;
}

/**
 * Membership by certificates. `"owner"`: this store is the owner, its key is made in the folder, and `owner()` of the network has its public key. Otherwise the owner's public
 * key; this peer's certificate comes by `pair`, or from `certificate`.
 */
export type MembersOption = "owner" | { owner: string; certificate?: string };

export interface NetworkLimits {
  /** The most links at once, 1 to 1 000. Default 64; 16 where membership is open. */
  peers?: number;
  /** Above so many known peers each links to some of them only. 2 to 256. Default 12. */
  mesh?: number;
}

export interface NetworkOptions {
  /** Where identity and membership are kept. It is made with mode 0700, its files with 0600. */
  folder: string;
  discovery: DiscoveryOptions;
  /**
   * Multiaddrs to listen on. Default `["/ip4/0.0.0.0/tcp/0"]` where discovery includes `"mdns"` or `"dht"`, since peers that are found have to be reached; with nothing but
   * `"static"` it is `["/ip4/127.0.0.1/tcp/0"]`. `[]`: none, this peer only dials.
   */
  listen?: readonly string[];
  /** Multiaddrs of relays over which this peer can be reached, each with `/p2p/…` at its end. Run one with `npx @cuitty/persist-p2p relay`. */
  relay?: readonly string[];
  /** The file with this peer's key. Default: `identity.key` in the folder, made at the first start. */
  identity?: string;
  /** Proves membership: at least 16 bytes, the same on every peer. A good one is random: `openssl rand -base64 32`. Default: what `pair` has brought. */
  secret?: string | Uint8Array;
  members?: MembersOption;
  /** Links with everybody who knows the topic, wherever they are. Default: without `secret` and `members` only loopback and private addresses. */
  open?: true;
  /** 32 bytes, the same on every peer, relay and bootstrap node: connections are encrypted once more, and nobody else sees even the handshake of libp2p. */
  networkKey?: Uint8Array;
  limits?: NetworkLimits;
}

export interface ParsedMembers {
  /** The owner's public key; `undefined`: this store is the owner. */
  readonly owner: string | undefined;
  readonly certificate: string | undefined;
}

export interface ParsedOptions {
  readonly folder: string;
  readonly methods: ReadonlySet<DiscoveryMethod>;
  readonly topic: string;
  readonly bootstrap: readonly string[];
  readonly peers: readonly string[];
  readonly interfaces: readonly string[] | undefined;
  /** Milliseconds. */
  readonly interval: number;
  readonly isPublic: boolean;
  readonly listen: readonly string[];
  readonly relay: readonly string[];
  readonly identity: string;
  readonly secret: Uint8Array | undefined;
  readonly members: ParsedMembers | undefined;
  readonly open: boolean;
  readonly networkKey: Uint8Array | undefined;
  readonly mostPeers: number | undefined;
  readonly mesh: number;
}

const methodNames: readonly string[] = ["mdns", "dht", "static"];
const leastSecretBytes = 16;
const mostSecretBytes = 1_024;
const networkKeyBytes = 32;

export const networkOptionNames: readonly string[] = [
  "discovery",
  "listen",
  "relay",
  "identity",
  "secret",
  "members",
  "open",
  "networkKey",
  "limits",
];

/** Throws INVALID_ARGUMENT. */
export function parseNetworkOptions(options: NetworkOptions): ParsedOptions {
  checkOptionNames("p2p", options, ["folder", ...networkOptionNames]);
  const { folder, discovery, limits = {} } = options;
  if (typeof folder !== "string" || folder === "") throw invalid("The network needs a folder for its identity.");
  checkOptionNames("p2p: discovery", discovery, [
    "method",
    "topic",
    "bootstrap",
    "peers",
    "interfaces",
    "interval",
    "public",
  ]);
  checkOptionNames("p2p: limits", limits, ["peers", "mesh"]);
  const methods = checkMethods(discovery.method);
  const parsed: ParsedOptions = {
    folder,
    methods,
    topic: checkTopic(discovery.topic),
    bootstrap: checkAddresses("discovery.bootstrap", discovery.bootstrap, "identified"),
    peers: checkAddresses("discovery.peers", discovery.peers, "any"),
    interfaces: checkInterfaces(discovery.interfaces),
    interval: whole("discovery.interval", discovery.interval, 1_000, 3_600_000) ?? 10_000,
    isPublic: checkTrue("discovery.public", discovery.public),
    listen: checkAddresses("listen", options.listen ?? [defaultListen(methods)], "any"),
    relay: checkAddresses("relay", options.relay, "identified"),
    identity: checkPath(options.identity) ?? join(folder, "identity.key"),
    secret: checkSecret(options.secret),
    members: checkMembers(options.members),
    open: checkTrue("open", options.open),
    networkKey: checkNetworkKey(options.networkKey),
    mostPeers: whole("limits.peers", limits.peers, 1, 1_000),
    mesh: whole("limits.mesh", limits.mesh, 2, 256) ?? 12,
  };
  checkTogether(parsed);
  return parsed;
}

function defaultListen(methods: ReadonlySet<DiscoveryMethod>): string {
  return methods.has("mdns") || methods.has("dht") ? "/ip4/0.0.0.0/tcp/0" : "/ip4/127.0.0.1/tcp/0";
}

function checkTogether({ methods, bootstrap, isPublic, networkKey, open, secret, members }: ParsedOptions): void {
  if (methods.has("dht") && bootstrap.length === 0 && !isPublic) {
    throw invalid(
      'The discovery method "dht" needs the addresses of bootstrap nodes in discovery.bootstrap; run one with `npx @cuitty/persist-p2p bootstrap`. Or set discovery.public to use the public ones of IPFS.',
    );
  }
  if (isPublic && networkKey !== undefined) {
    throw invalid("The options discovery.public and networkKey contradict each other: public nodes have no such key.");
  }
  if (open && (secret !== undefined || members !== undefined)) {
    throw invalid("The option open contradicts secret and members: it links with everybody.");
  }
}

function checkMethods(method: unknown): ReadonlySet<DiscoveryMethod> {
  const list = Array.isArray(method) ? method : [method];
  const other = list.find((name) => !methodNames.includes(name));
  if (list.length === 0 || other !== undefined || method === undefined) {
    throw invalid('The option discovery.method must be "mdns", "dht" or "static", or an array of these.');
  }
  return new Set(list as DiscoveryMethod[]);
}

function checkTopic(topic: unknown): string {
  if (typeof topic === "string" && topic.length >= 1 && topic.length <= 256 && topic.isWellFormed()) return topic;
  throw invalid("The option discovery.topic must be a string of 1 to 256 characters, well-formed Unicode.");
}

/** Only their shape: what cannot be dialled is found out by libp2p, and told by `diagnose`. */
function checkAddresses(name: string, addresses: unknown = [], which: "identified" | "any"): readonly string[] {
  if (!Array.isArray(addresses)) throw invalid(`The option ${name} must be an array of multiaddrs.`);
  for (const address of addresses) {
    if (typeof address !== "string" || !/^\/(ip4|ip6|dns|dns4|dns6|dnsaddr)\/[^/\s]+(\/[^/\s]+)*$/.test(address)) {
      throw invalid(
        `The option ${name} must hold multiaddrs such as /ip4/192.0.2.1/tcp/4001; ${show(address)} is none.`,
      );
    }
    const [, kind, host = ""] = address.split("/");
    if ((kind === "ip4" && isIP(host) !== 4) || (kind === "ip6" && isIP(host) !== 6)) {
      throw invalid(`The option ${name} names ${show(address)}, but ${show(host)} is no address of ${kind}.`);
    }
    if (which === "identified" && !/\/p2p\/[A-Za-z0-9]+$/.test(address)) {
      throw invalid(
        `The option ${name} names ${show(address)}, which must end with /p2p/ and the node's peer id, so that nobody else can answer there.`,
      );
    }
  }
  return addresses;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 200)) : typeof value;
}

function checkInterfaces(names: unknown): readonly string[] | undefined {
  if (names === undefined) return undefined;
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string" && name !== "")) {
    return names;
  }
  throw invalid('The option discovery.interfaces must be an array of names or addresses, such as ["eth0"].');
}

function checkPath(path: unknown): string | undefined {
  if (path === undefined || (typeof path === "string" && path !== "")) return path;
  throw invalid("The option identity must be the path of a file.");
}

function checkSecret(secret: unknown): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    throw invalid("The option secret must be a string or bytes. Is the environment variable set?");
  }
  const bytes = typeof secret === "string" ? Buffer.from(secret) : Uint8Array.from(secret);
  if (bytes.length < leastSecretBytes) {
    throw invalid(
      `The option secret has ${bytes.length} bytes and needs at least ${leastSecretBytes}: shorter ones can be guessed. Make one with \`openssl rand -base64 32\`.`,
    );
  }
  if (bytes.length > mostSecretBytes) throw invalid(`The option secret has more than ${mostSecretBytes} bytes.`);
  return bytes;
}

function checkMembers(members: unknown): ParsedMembers | undefined {
  if (members === undefined) return undefined;
  if (members === "owner") return { owner: undefined, certificate: undefined };
  if (typeof members === "object" && members !== null) {
    checkOptionNames("p2p: members", members, ["owner", "certificate"]);
    const { owner, certificate } = members as { owner?: unknown; certificate?: unknown };
    if (typeof owner === "string" && /^[A-Za-z0-9_-]{43}$/.test(owner)) {
      if (certificate !== undefined && typeof certificate !== "string") {
        throw invalid("The option members.certificate must be a string, as the owner has made it.");
      }
      return { owner, certificate };
    }
  }
  throw invalid(
    'The option members must be "owner" on the owner\'s store, and { owner } with its public key (43 characters) on all others.',
  );
}

function checkNetworkKey(key: unknown): Uint8Array | undefined {
  if (key === undefined) return undefined;
  if (key instanceof Uint8Array && key.length === networkKeyBytes) return Uint8Array.from(key);
  throw invalid(`The option networkKey must be ${networkKeyBytes} bytes, the same on every node.`);
}

function checkTrue(name: string, value: unknown): boolean {
  if (value === undefined || value === true) return value === true;
  throw invalid(`The option ${name} must be true, or left out.`);
}

function whole(name: string, value: unknown, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`The option ${name} must be a whole number from ${least} to ${most}.`);
}

function invalid(message: string): PersistError {
  return new PersistError("INVALID_ARGUMENT", message, { adapter: "p2p" });
}
