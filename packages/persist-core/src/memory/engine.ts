/**
 * The memory engine: the executable specification. Everything is done at once, in one thread, on plain maps, so that each promise of the contract can be read off
 * the code. The other engines are compared with it.
 */
import type { Capabilities } from "../api/capabilities.ts";
import type { Engine } from "../contract.ts";
import { commitLimits } from "../limits.ts";
import { createBytes } from "./bytes.ts";
import { commitList } from "./commit.ts";
import { readChanges, readEvents, readRow, scanRows } from "./reads.ts";
import type { State } from "./state.ts";
import { sweepNowAndThen, sweepState } from "./sweep.ts";

const capabilities: Capabilities = {
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
  writers: "process",
  consistency: "strong",
  durability: "memory",
  limits: commitLimits,
};

export function createMemoryEngine(state: State): Engine {
  const wakeAll = () => {
    for (const listener of [...state.listeners]) listener();
  };

  return {
    adapter: "memory",
    capabilities,
    reads: "immediate",
    read: (space, keys, { now }) => keys.map((key) => readRow(state, space, key, now)),
    scan: (space, range, { now }) => scanRows(state, space, range, now),
    events: (range) => readEvents(state, range),
    commit(lists, { now }) {
      const results = lists.map((list) => commitList(state, list, now));
      sweepNowAndThen(state, now);
      wakeAll();
      return results;
    },
    changes: (since, limit, { now }) => readChanges(state, since, limit, now),
    latest: () => String(state.place),
    sweep(o) {
      const { changed, more } = sweepState(state, o.now);
      if (changed) wakeAll();
      return { more };
    },
    wake(onWake) {
      const listener = () => onWake(); // the same function may listen twice
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    bytes: createBytes(state),
    raw: () => state,
    close() {},
  };
}
