/**
 * The memory engine: the executable specification. Everything is done at once, in one thread, on plain maps, so that each promise of the contract can be read off
 * the code. The other engines are compared with it.
 */
import type { Capabilities } from "../api/capabilities.ts";
import type { Engine } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { commitLimits } from "../limits.ts";
import { createSha256 } from "../sha256.ts";
import { commitList } from "./commit.ts";
import { readChanges, readEvents, readRow, scanRows } from "./reads.ts";
import type { State } from "./state.ts";

const capabilities: Capabilities = {
  transactions: "native",
  conditions: "native",
  watch: "native",
  indexes: "native",
  signedUrls: "absent",
  expectedVersion: "native",
  order: "total",
  isolation: "serializable",
  writers: "process",
  consistency: "strong",
  durability: "memory",
  limits: commitLimits,
};

export function createMemoryEngine(state: State): Engine {
  return {
    adapter: "memory",
    capabilities,
    reads: "immediate",
    read: (space, keys, { now }) => keys.map((key) => readRow(state, space, key, now)),
    scan: (space, range, { now }) => scanRows(state, space, range, now),
    events: (range) => readEvents(state, range),
    commit(lists, { now }) {
      const results = lists.map((list) => commitList(state, list, now));
      for (const listener of state.listeners) listener();
      return results;
    },
    changes: (since, limit, { now }) => readChanges(state, since, limit, now),
    wake(onWake) {
      const listener = () => onWake(); // the same function may listen twice
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    bytes: {
      async stage(body) {
        const hash = createSha256();
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of body) {
          hash.update(chunk);
          chunks.push(chunk.slice());
          size += chunk.length;
        }
        const token = String(++state.contentCount);
        state.contents.set(token, chunks);
        return { token, size, sha256: hash.digest() };
      },
      async *open(row, { offset, length }) {
        const chunks = state.contents.get(row.content ?? "");
        if (chunks === undefined)
          throw new PersistError("CONFLICT", "The blob was replaced before it was read. Read it again.");
        let start = 0;
        for (const chunk of chunks) {
          const from = Math.max(0, offset - start);
          const to = Math.min(chunk.length, offset + length - start);
          if (from < to) yield chunk.slice(from, to) as Uint8Array<ArrayBuffer>;
          start += chunk.length;
        }
      },
      discard: (token) => void state.contents.delete(token),
    },
    raw: () => state,
    close() {},
  };
}
