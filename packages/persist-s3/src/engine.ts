/** The contract's verbs over one bucket, for one scope. */
import { type Capabilities, commitLimits, createSweeper, type Engine, type EngineOptions } from "@cuitty/persist-core";
import type { Bucket } from "./bucket.ts";
import { latestCursor, readChanges } from "./changes.ts";
import { commitLists } from "./commit.ts";
import { readEvents } from "./events.ts";
import type { Parts } from "./parts.ts";
import { readRowsOf } from "./read-rows.ts";
import { scan } from "./scan-space.ts";
import { sweep } from "./sweep.ts";

/** How long a step of the background may take, in milliseconds. */
const sweepPatience = 60_000;

export function createEngine(parts: Parts): Engine {
  const { bucket, rows, settling, blobs } = parts;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const sweepOnce = async (o: EngineOptions) => {
    const { more, took } = await sweep(parts, o);
    if (took) tell();
    return { more };
  };
  const sweeper = createSweeper((now) => sweepOnce({ now, deadline: performance.now() + sweepPatience }));

  return {
    adapter: "s3",
    capabilities: capabilitiesOf(bucket, parts.feed),
    reads: "immediate",
    flights: 8,
    read: (space, keys, o) => readRowsOf(parts, space, keys, o),
    async value(key, o) {
      const [row] = await readRowsOf(parts, "kv", [key], o);
      return row?.value;
    },
    scan: (space, range, o) => scan(parts, space, range, (place) => rows.read(place, o), o),
    events: (range, o) => readEvents(parts, range, o),
    async commit(lists, o) {
      sweeper.nudge(o.now);
      const results = await commitLists(parts, lists, o);
      tell();
      return results;
    },
    changes: (since, limit, o) => readChanges(parts, since, limit, o),
    latest: (o) => latestCursor(parts, o),
    sweep: sweepOnce,
    wake(onWake) {
      const listener = () => onWake(); // the same function may listen twice
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    bytes: blobs.bytes,
    raw: () => bucket.raw(),
    // The bucket stays: it is the adapter's, and other engines may be on it.
    async close() {
      sweeper.close();
      await settling.idle();
      await blobs.close();
    },
  };
}

function capabilitiesOf({ enforced }: Bucket, feed: boolean): Capabilities {
  const everywhere = enforced.puts ? "native" : "emulated";
  const { deletes, copies, completions } = enforced;
  return {
    transactions: everywhere,
    conditions: everywhere,
    watch: feed ? "native" : "absent",
    indexes: "native",
    signedUrls: "native",
    blobSnapshots: "absent",
    blobConditions: deletes && copies && completions ? "native" : "absent",
    expectedVersion: everywhere,
    order: "total",
    isolation: "atomic",
    writers: enforced.puts ? "network" : "process",
    consistency: "strong",
    durability: "replicated",
    limits: commitLimits,
  };
}
