/** Files that are open in this process. Two stores on one file share it: one connection, one replica, one peer. */
import { mkdirSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Connection, open } from "@cuitty/persist-sqlite/host";
import { type OpeningNote, openingNoteIn } from "./opening-note.ts";
import { folderOf } from "./options.ts";
import { createReplica, type LocalReplica } from "./replica/create-replica.ts";
import { replicaSchema, sequencedReplicaTables } from "./replica/schema.ts";

export interface ReplicaFile {
  readonly connection: Connection;
  readonly replica: LocalReplica;
}

export interface FileOptions {
  readonly path: string;
  readonly durability: "full" | "relaxed";
}

export async function openReplicaFile({ path, durability }: FileOptions): Promise<ReplicaFile> {
  const own = { schema: replicaSchema, sequenced: sequencedReplicaTables };
  const connection = await open({ path, durability, own });
  try {
    return { connection, replica: createReplica(connection, noteOf(path)) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** In memory nothing is opened twice. */
function noteOf(path: string): OpeningNote {
  return path === ":memory:" ? { read: () => undefined, write: () => undefined } : openingNoteIn(folderOf(path));
}

/** The same for every way to name one file. */
export function nameOfFile(path: string): string {
  if (path === ":memory:") return path;
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true });
  try {
    return realpathSync(file);
  } catch {
    return file; // it is not there yet
  }
}
