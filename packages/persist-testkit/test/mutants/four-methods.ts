// Adapters of four methods, through the engine that core makes of them.
import type { Harness } from "@cuitty/persist-testkit";
import { bareAdapter } from "../harnesses.ts";
import { bareMutant, harnessOf, type Mutant } from "./mutant.ts";

/** Lists by a pattern that is made of the prefix. */
const listingBy = (toPattern: (prefix: string) => RegExp) => (_: unknown, map: Map<string, string>) => ({
  async *list(prefix: string) {
    const pattern = toPattern(prefix);
    for (const [key, text] of map) if (pattern.test(key)) yield { key, value: JSON.parse(text) };
  },
});

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

export const fourMethods: readonly Mutant[] = [
  {
    name: "lists by LIKE",
    base: "four methods",
    clauses: ["K-adapter-list-prefix"],
    create: () =>
      harnessOf("lists by LIKE", () => {
        const map = new Map<string, string>();
        return {
          ...bareAdapter(map),
          async *list(prefix) {
            const escaped = prefix
              .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
              .replaceAll("_", ".")
              .replaceAll("%", ".*");
            const pattern = new RegExp(`^${escaped}`, "is");
            for (const [key, text] of map) if (pattern.test(key)) yield { key, value: JSON.parse(text) };
          },
        };
      }),
  },
  bareMutant(
    "lists without regard to case",
    ["K-adapter-list-prefix"],
    listingBy((prefix) => new RegExp(`^${literal(prefix)}`, "is")),
  ),
  bareMutant(
    "takes an underscore in a prefix for any character",
    ["K-adapter-list-prefix"],
    listingBy((prefix) => new RegExp(`^${literal(prefix).replaceAll("_", ".")}`, "s")),
  ),
  bareMutant(
    "takes a percent sign in a prefix for anything",
    ["K-adapter-list-prefix"],
    listingBy((prefix) => new RegExp(`^${literal(prefix).replaceAll("%", ".*")}`, "s")),
  ),
  bareMutant("lists a key twice", ["K-order-table-kv-list"], (adapter) => ({
    async *list(prefix) {
      for await (const entry of (await adapter.list(prefix)) ?? []) {
        yield entry;
        if (entry.key.length % 2 === 0) yield entry;
      }
    },
  })),
  bareMutant("lists at most a thousand", ["K-adapter-list-many", "K-list-many"], (adapter) => ({
    async *list(prefix) {
      let count = 0;
      for await (const entry of (await adapter.list(prefix)) ?? []) if (++count <= 1000) yield entry;
    },
  })),
  bareMutant("gets what is deleted out of a cache", ["K-adapter-replace"], (adapter) => {
    const cache = new Map<string, unknown>();
    return {
      async get(key) {
        const value = (await adapter.get(key)) ?? cache.get(key);
        cache.set(key, value);
        return value;
      },
    };
  }),
  bareMutant("puts a moment after it has said so", ["K-kv-replace", "K-value-null"], (adapter) => ({
    async put(key, value) {
      setTimeout(() => void adapter.put(key, value), 1);
    },
  })),
  bareMutant("keeps the first value of a key", ["K-adapter-replace", "K-kv-replace"], (adapter, map) => ({
    put: async (key, value) => (map.has(key) ? undefined : adapter.put(key, value)),
  })),
  bareMutant(
    "lists in order, but not of bytes",
    ["K-order-table-kv-list", "K-order-punctuation-kv-keys"],
    ({ ordered, list }) => ({
      ordered: {
        async *list(prefix, { after, limit }) {
          void ordered;
          const all: { key: string; value: unknown }[] = [];
          for await (const entry of (await list(prefix)) ?? []) all.push(entry);
          all.sort((a, b) => a.key.localeCompare(b.key));
          const start = after === undefined ? 0 : all.findIndex(({ key }) => key.localeCompare(after) > 0);
          yield* start === -1 ? [] : all.slice(start, start + limit);
        },
      },
    }),
  ),
  bareMutant("lists in order from a key on, that key included", ["K-adapter-ordered"], ({ ordered }) => ({
    ordered: {
      async *list(prefix, o) {
        const { after } = o;
        if (after !== undefined) yield { key: after, value: null };
        if (ordered !== undefined)
          yield* ordered.list(prefix, { ...o, limit: o.limit - (after === undefined ? 0 : 1) });
      },
    },
  })),
  bareMutant(
    "lists in order by counting, and so skips one for each that was deleted meanwhile",
    ["K-adapter-ordered-deleted"],
    ({ ordered }, map) => {
      const counts = new Map<string, number>();
      return {
        ordered: {
          async *list(prefix, { after, limit, keysOnly }) {
            const before = () => [...map.keys()].filter((key) => key.startsWith(prefix) && key <= (after ?? "")).length;
            const count = counts.get(prefix + after) ?? before();
            let passed = 0;
            for await (const entry of ordered?.list(prefix, { limit: count + limit, keysOnly }) ?? []) {
              if (++passed <= count) continue;
              counts.set(prefix + entry.key, passed);
              yield entry;
            }
          },
        },
      };
    },
  ),
  bareMutant("leaves out the deletes of a batch", ["K-adapter-batch", "K-engine-index-deleted"], ({ batch }) => ({
    batch: { max: 100, write: async (ops) => batch?.write(ops.filter((op) => "put" in op)) },
  })),
  {
    name: "acknowledges what a crash takes away",
    base: "four methods",
    clauses: ["K-crash"],
    create: forgetful,
  },
];

/** What was put last is in a buffer, which a crash empties. */
function forgetful(): Harness {
  const disks = new Map<string, Map<string, string>>();
  const buffers = new Map<string, Map<string, string>>();
  const lives = new Map<string, { ended: boolean }>();
  const never = () => new Promise<never>(() => undefined);
  return {
    name: "acknowledges what a crash takes away",
    async open(id) {
      const disk = disks.get(id) ?? new Map<string, string>();
      const buffer = new Map(disk);
      const life = { ended: false };
      disks.set(id, disk);
      buffers.set(id, buffer);
      lives.set(id, life);
      const adapter = bareAdapter(buffer);
      return {
        ...adapter,
        get: (key) => (life.ended ? never() : adapter.get(key)),
        put: (key, value) => (life.ended ? never() : adapter.put(key, value)),
        delete: (key) => (life.ended ? never() : adapter.delete(key)),
        async close() {
          disks.set(id, new Map(buffer));
        },
      };
    },
    async crash(id) {
      const life = lives.get(id);
      if (life !== undefined) life.ended = true;
    },
  };
}
