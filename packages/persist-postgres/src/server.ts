/** What is known of the server before anything is done with it, and whether that will do. */
import { type Capabilities, PersistError } from "@cuitty/persist-core";

/** A row of {@link selectServer}. */
export interface Server {
  readonly version: number;
  readonly encoding: string;
  readonly standby: boolean;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly standby_names: string;
  readonly default_transaction_isolation: string;
  readonly bytea_output: string;
}

/** Columns; what the package needs to know at each start. */
export const serverColumns = `
    current_setting('server_version_num')::int4 as version,
    getdatabaseencoding()::text as encoding,
    pg_is_in_recovery() as standby,
    current_setting('fsync') as fsync,
    current_setting('synchronous_commit') as synchronous_commit,
    current_setting('synchronous_standby_names') as standby_names,
    current_setting('default_transaction_isolation') as default_transaction_isolation,
    current_setting('bytea_output') as bytea_output`;

const oldest = 15;

/** What our own connections are set to. A pooler's and those of a given instance are as they are, and by others answers would be wrong: each statement must see what was committed before it. */
const neededSettings = { default_transaction_isolation: "read committed", bytea_output: "hex" } as const;

/** Throws UNSUPPORTED or DENIED. */
export function checkServer(server: Server, place: string): void {
  const { version, encoding, standby } = server;
  const refuse = (code: "UNSUPPORTED" | "DENIED", reason: string): never => {
    throw new PersistError(code, `Could not open ${place}. ${reason}`, { adapter: "postgres" });
  };
  if (version < oldest * 10_000) {
    refuse("UNSUPPORTED", `The server is PostgreSQL ${shownVersion(version)}; ${oldest} or newer is needed.`);
  }
  if (encoding !== "UTF8") {
    refuse(
      "UNSUPPORTED",
      `The database has the encoding ${encoding}, which cannot hold every text. Create one with the encoding UTF8.`,
    );
  }
  for (const [name, needed] of Object.entries(neededSettings) as [keyof typeof neededSettings, string][]) {
    if (server[name] === needed) continue;
    refuse(
      "UNSUPPORTED",
      `The connection has ${name} = ${server[name]}; ${needed} is needed. Pass connection: { ${name}: ${JSON.stringify(needed)} } to postgres(…), or set it for the user: alter role … set ${name} = '${needed}'.`,
    );
  }
  if (standby) refuse("DENIED", "The server is a standby, which takes no writes. Connect to the primary.");
}

const shownVersion = (version: number): string =>
  version >= 100_000
    ? `${Math.floor(version / 10_000)}`
    : `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}`;

/** What a commit survives that the server has acknowledged. */
export function durabilityOf({ fsync, synchronous_commit, standby_names }: Server): Capabilities["durability"] {
  if (fsync === "off" || synchronous_commit === "off") return "memory";
  // "local" waits for this server's disk only, whatever standbys there are.
  return standby_names.trim() !== "" && synchronous_commit !== "local" ? "replicated" : "disk";
}

const warned = new Set<string>();

/** Once for each place. */
export function warnOfLoss({ fsync, synchronous_commit }: Server, place: string): void {
  const setting = fsync === "off" ? "fsync" : synchronous_commit === "off" ? "synchronous_commit" : undefined;
  if (setting === undefined || warned.has(place)) return;
  warned.add(place);
  const loss =
    setting === "fsync"
      ? "a crash of the machine may damage the whole database"
      : "a crash of the server loses the last of the writes that it has acknowledged";
  process.emitWarning(`${place} has ${setting} = off: ${loss}.`, "PersistWarning");
}
