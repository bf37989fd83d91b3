/** The contract's verbs over one connection, for one namespace of the file. */
import {
  type Capabilities,
  type CommitResult,
  commitLimits,
  createSweeper,
  type Engine,
  PersistError,
} from "@cuitty/persist-core";
import { createBytes } from "./bytes.ts";
import { latestCursor, readChanges } from "./changes.ts";
import { commitLists } from "./commit.ts";
import type { Connection, Durability } from "./connection.ts";
import { readEvents } from "./events.ts";
import type { Journal } from "./journal.ts";
import { readRow, readValue } from "./rows.ts";
import { scan } from "./scan.ts";
import { sweep } from "./sweep.ts";

export function createEngine(connection: Connection, namespace: string, journal?: Journal): Engine {
  const sweeper = createSweeper((now) => sweep(connection, namespace, { now, deadline: 0 }));

  return {
    adapter: "sqlite",
    capabilities: capabilitiesOf(connection.durability),
    reads: "immediate",

    read(space, keys, o) {
      const readAll = () => keys.map((key) => readRow(connection, namespace, space, key, o.now));
      return connection.read(o, keys.length > 1 ? () => connection.snapshot(readAll) : readAll);
    },

    value: (key, o) => connection.read(o, () => readValue(connection, namespace, key, o.now)),

    scan: (space, range, o) => connection.read(o, () => scan(connection, namespace, space, range, o.now)),

    events: (range, o) => connection.read(o, () => readEvents(connection, namespace, range)),

    commit(lists, o) {
      sweeper.nudge(o.now);
      const answerUnknown = (error: unknown): CommitResult[] => {
        if (!PersistError.is(error) || error.outcome !== "unknown") throw error;
        return lists.map(() => ({ outcome: "unknown", cause: error }));
      };
      try {
        const results = commitLists(connection, namespace, lists, o, journal);
        return results instanceof Promise ? results.catch(answerUnknown) : results;
      } catch (error) {
        return answerUnknown(error);
      }
    },

    changes: (since, limit, o) =>
      connection.read(o, () => connection.snapshot(() => readChanges(connection, namespace, since, limit, o.now))),

    latest: (o) => connection.read(o, () => latestCursor(connection)),
    sweep: (o) => sweep(connection, namespace, o),
    wake: (onWake) => connection.wake.listen(onWake),
    bytes: createBytes(connection, sweeper),
    raw: () => connection.db.raw,
    // The connection stays: it is the adapter's, and other engines may be on it.
    close: () => sweeper.close(),
  };
}

function capabilitiesOf(durability: Durability): Capabilities {
  return {
    transactions: "native",
    conditions: "native",
    watch: "native",
    indexes: "native",
    signedUrls: "absent",
    blobSnapshots: "native",
    blobConditions: "native",
    expectedVersion: "native",
    order: "total",
    isolation: "serializable",
    writers: durability === "memory" ? "process" : "host",
    consistency: "strong",
    // What is relaxed survives this process, but not a crash of the machine: it must not pass for "disk".
    durability: durability === "full" ? "disk" : "memory",
    limits: { ...commitLimits, blobBytes: 2 ** 40 }, // a file holds 16 TiB
  };
}
