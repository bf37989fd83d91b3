/** The factory of the adapter: one file, which all stores on it in this process share, its peer, and an engine for each namespace in it. */
import { fourMethods, type PersistAdapter, PersistError } from "@cuitty/persist-core";
import { claimFile, patience } from "@cuitty/persist-sqlite/host";
import { createReplicatedEngine } from "./engine.ts";
import { type P2pFactoryOptions, type ParsedOptions, parseOptions } from "./options.ts";
import { createPeer, type PeerOfFile } from "./peer.ts";
import { nameOfFile, openReplicaFile, type ReplicaFile } from "./replica-file.ts";
import { announce } from "./store-handle.ts";

export { checkIntegrity } from "@cuitty/persist-sqlite/adapter";
export { backup } from "./backup.ts";
export type { P2pFactoryOptions, P2pOptions } from "./options.ts";

interface Shared extends ReplicaFile {
  readonly peer: PeerOfFile;
}

/** Files that are open, and by how many adapters. */
const open = new Map<string, { readonly shared: Promise<Shared>; users: number }>();

/** Opens the file, making it where it is missing, and starts its network beside it. */
export async function p2p(options: P2pFactoryOptions): Promise<PersistAdapter> {
  const parsed = parseOptions(options);
  const name = parsed.path === ":memory:" ? Symbol.for("memory").toString() + Math.random() : nameOfFile(parsed.path);
  const { connection, replica, peer } = await acquire(name, parsed);
  let isClosed = false;

  const openEngine: NonNullable<PersistAdapter["engine"]> = async (scope) => {
    if (isClosed) throw new PersistError("CLOSED", `"${connection.path}" is closed.`, { adapter: "p2p" });
    await claimFile(connection, scope.name, { deadline: performance.now() + patience });
    const driver = announce(peer, connection, scope.namespace);
    return createReplicatedEngine(connection, replica, scope.namespace, () => driver);
  };

  return {
    ...fourMethods(openEngine),
    engine: openEngine,
    async close() {
      if (isClosed) return;
      isClosed = true;
      await release(name);
    },
  };
}

async function acquire(name: string, options: ParsedOptions): Promise<Shared> {
  const known = open.get(name);
  if (known !== undefined) {
    known.users++;
    return known.shared;
  }
  const shared = openShared(options);
  open.set(name, { shared, users: 1 });
  try {
    return await shared;
  } catch (error) {
    open.delete(name);
    throw error;
  }
}

async function openShared({ path, durability, network }: ParsedOptions): Promise<Shared> {
  const file = await openReplicaFile({ path, durability });
  return { ...file, peer: createPeer(file.replica, network) };
}

async function release(name: string): Promise<void> {
  const entry = open.get(name);
  if (entry === undefined || --entry.users > 0) return;
  open.delete(name);
  const { peer, connection } = await entry.shared;
  await peer.stop();
  connection.close();
}
