/** The engine of SQLite with a journal: what is written here is replicated, and what holds only on this peer says so. */
import type { Capabilities, Engine } from "@cuitty/persist-core";
import { type Connection, createEngine } from "@cuitty/persist-sqlite/host";
import { readConflicts } from "./conflicts.ts";
import type { LocalReplica } from "./replica/create-replica.ts";

export function createReplicatedEngine(
  connection: Connection,
  replica: LocalReplica,
  namespace: string,
  raw: () => unknown,
): Engine {
  const engine = createEngine(connection, namespace, replica.journal);
  return {
    ...engine,
    adapter: "p2p",
    capabilities: capabilitiesOf(engine.capabilities),
    conflicts: (key, o) => connection.read(o, () => readConflicts(replica.parts, namespace, key, o.now)),
    async sweep(o) {
      const { more } = await engine.sweep(o);
      return { more: replica.forget(Date.now()) || more };
    },
    raw,
  };
}

/** Nothing can be exclusive among peers that do not wait for each other. */
function capabilitiesOf(here: Capabilities): Capabilities {
  return {
    ...here,
    transactions: "local",
    conditions: "local",
    blobConditions: "local",
    expectedVersion: "local",
    order: "local",
    isolation: "local",
    writers: "peers",
    consistency: "causal",
  };
}
