/** The contract's verbs over one connection, for one scope. */
import {
  type Capabilities,
  commitLimits,
  createSweeper,
  type Engine,
  type EngineOptions,
  PersistError,
} from "@cuitty/persist-core";
import { createBytes } from "./bytes.ts";
import { latestCursor, readChanges } from "./changes.ts";
import { commitLists } from "./commit.ts";
import type { Connection, Statement } from "./connection.ts";
import { readEvents } from "./events.ts";
import type { Opened } from "./open.ts";
import { readRows } from "./rows.ts";
import { scan } from "./scan.ts";
import { sweep } from "./sweep.ts";

/** How long a step of the background may take, in milliseconds. */
const sweepPatience = 30_000;

export function createEngine({ connection, clock, durability, wake, raw }: Opened, scope: number): Engine {
  const sweepAndTell = async (o: EngineOptions) => {
    const { more, took } = await sweep(connection, scope, o);
    if (took) wake.notify(scope);
    return { more };
  };
  const sweeper = createSweeper((now) => sweepAndTell({ now, deadline: performance.now() + sweepPatience }));
  const reading = (o: EngineOptions): Statement => reader(connection, o);

  return {
    adapter: "postgres",
    capabilities: capabilitiesOf(durability),
    reads: "batched",
    flights: 4,
    clock: clock.now,

    read: (space, keys, o) => readRows(connection, reading(o), scope, space, keys, o.now),
    scan: (space, range, o) => scan(connection, reading(o), scope, space, range, o.now),
    events: (range, o) => readEvents(connection, reading(o), scope, range),

    async commit(lists, o) {
      sweeper.nudge(o.now);
      try {
        const results = await commitLists(connection, scope, lists, o);
        wake.notify(scope);
        return results;
      } catch (error) {
        if (!PersistError.is(error) || error.outcome !== "unknown") throw error;
        wake.notify(scope);
        return lists.map(() => ({ outcome: "unknown", cause: error }));
      }
    },

    changes: (since, limit, o) => readChanges(connection, scope, since, limit, o.now, o),
    latest: (o) => latestCursor(connection, scope, o),
    sweep: sweepAndTell,
    wake: (onWake) => wake.listen(scope, onWake),
    bytes: createBytes(connection, sweeper),
    raw,
    // The connection stays: it is the adapter's, and other engines may be on it.
    close: () => sweeper.close(),
  };
}

function reader(connection: Connection, o: EngineOptions): Statement {
  return (text, params) => connection.read(o, text, params);
}

function capabilitiesOf(durability: Capabilities["durability"]): Capabilities {
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
    writers: "network",
    consistency: "strong",
    durability,
    limits: { ...commitLimits, blobBytes: 2 ** 40 },
  };
}
