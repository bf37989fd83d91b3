/** Who this copy of the file is: its id among replicas, the log of its own events, and how far its clock had come. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Connection } from "@cuitty/persist-sqlite/host";
import { authorId } from "./authors.ts";
import { authorBytes } from "./event-item.ts";
import type { Author } from "./parts.ts";
import { readSetting, writeSetting } from "./settings.ts";
import { newLogName } from "./signing.ts";

export interface Identity {
  /** 32 lower-case hex digits. */
  readonly replica: string;
  readonly author: Author;
}

const replicaKey = "replica_id";
const authorKey = "replica_author";
const openingsKey = "replica_openings";

/** Inside a write transaction. `noted`: how often the file was opened, as the note beside it says. Where that is not what the file says, it is another copy than the one that others know. */
export function openIdentity(connection: Connection, noted: number | undefined): Opened {
  const openings = Number(readSetting(connection, openingsKey) ?? 0);
  const identity = openings === noted ? readIdentity(connection) : renewIdentity(connection);
  writeSetting(connection, openingsKey, String(openings + 1));
  return { identity, openings: openings + 1 };
}

export interface Opened {
  readonly identity: Identity;
  readonly openings: number;
}

/** Makes one where the file has none. */
function readIdentity(connection: Connection): Identity {
  const replica = readSetting(connection, replicaKey);
  const author = readSetting(connection, authorKey);
  if (replica === undefined || author === undefined) return renewIdentity(connection);
  const name = Buffer.from(author, "hex");
  return { replica, author: { name, id: authorId(connection, name) } };
}

/** Inside a write transaction. From here on this is another copy than the one that others know. `owner`: the public key of the member whose log its own is to be. */
export function renewIdentity(connection: Connection, owner?: Uint8Array): Identity {
  const replica = randomBytes(16).toString("hex");
  const name = owner === undefined ? randomBytes(authorBytes) : newLogName(owner);
  writeSetting(connection, replicaKey, replica);
  writeSetting(connection, authorKey, Buffer.from(name).toString("hex"));
  // How far peers were read is known, but not what of it a restored file has lost.
  connection.statement("update replica_peers set read_up_to = null, confirmed = 0").run();
  return { replica, author: { name, id: authorId(connection, name) } };
}
