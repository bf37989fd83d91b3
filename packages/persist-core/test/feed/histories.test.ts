/** Whatever happens, the changes folded are the state: from any beginning, over any number of watchers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../src/api/changes.ts";
import type { Store } from "../../src/api/store.ts";
import { memory } from "../../src/memory/adapter.ts";
import { openEngine } from "../../src/open-engine.ts";
import { createStoreOver } from "../../src/store.ts";
import { bareAdapter } from "../lift/adapters.ts";

const key = fc.constantFrom("a", "b", "c", "ab");
const action = fc.oneof(
  fc.record({ do: fc.constant("set" as const), key, ttl: fc.option(fc.integer({ min: 1, max: 20 })) }),
  fc.record({ do: fc.constant("put" as const), key, ttl: fc.option(fc.integer({ min: 1, max: 20 })) }),
  fc.record({ do: fc.constant("delete" as const), key }),
  fc.record({ do: fc.constant("remove" as const), key }),
  fc.record({ do: fc.constant("append" as const), key }),
  fc.record({ do: fc.constant("together" as const), key }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ do: fc.constant("look" as const) }),
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

async function act(store: Store, one: Action): Promise<void> {
  switch (one.do) {
    case "set":
      await store.kv.set(one.key, 1, one.ttl === null ? {} : { ttl: one.ttl });
      return;
    case "put":
      await store.records.put(one.key, 1, one.ttl === null ? {} : { ttl: one.ttl });
      return;
    case "delete":
      await store.kv.delete(one.key);
      return;
    case "remove":
      await store.records.delete(one.key);
      return;
    case "append":
      await store.events.append(one.key, { type: "t", data: 1 });
      return;
    case "together":
      await store.transaction(async (tx) => {
        await tx.kv.delete(one.key);
        await tx.records.put(one.key, 2);
        await tx.events.append(one.key, { type: "t", data: 1 });
      });
  }
}

function apply(state: Map<string, unknown>, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.type === "put") state.set(`${change.facade}/${change.key}`, change.version);
    else if (change.type === "delete") state.delete(`${change.facade}/${change.key}`);
    else state.set(`events/${change.stream}`, change.version);
  }
}

async function present(store: Store): Promise<Map<string, unknown>> {
  const state = new Map<string, unknown>();
  for await (const { key, version } of store.kv.list()) state.set(`kv/${key}`, version);
  for await (const { key, version } of store.records.list()) state.set(`records/${key}`, version);
  for await (const { stream, version } of store.events.streams()) state.set(`events/${stream}`, version);
  return state;
}

const parts = {
  name: "test",
  namespace: "",
  openScope: () => Promise.reject(new Error("nobody asks for another scope")),
  closeAdapter: async () => undefined,
};

test.each([
  ["memory", () => memory()],
  ["four methods", () => bareAdapter()],
])(
  "over %s",
  async (_, adapter) => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40 }), async (actions) => {
        let now = 1000;
        const engine = await openEngine(adapter(), { name: "test", namespace: "" });
        const store = createStoreOver({ ...parts, engine, now: () => now });
        const followed = new Map<string, unknown>();
        let since: string | undefined;
        const look = async () => {
          const news = await Array.fromAsync(store.changes({ live: false, ...(since === undefined ? {} : { since }) }));
          apply(followed, news);
          since = news.at(-1)?.cursor ?? since;
        };
        for (const one of actions) {
          if (one.do === "wait") now += one.ms;
          else if (one.do === "look") await look();
          else await act(store, one);
        }
        while ((await engine.sweep({ now, deadline: Number.POSITIVE_INFINITY })).more);
        await look();
        expect(sorted(followed)).toEqual(sorted(await present(store)));
        const anew = new Map<string, unknown>();
        apply(anew, await Array.fromAsync(store.changes({ live: false })));
        expect(sorted(anew)).toEqual(sorted(await present(store)));
        await store.close();
      }),
      { numRuns: 150 },
    );
  },
  120_000,
);

function sorted(state: Map<string, unknown>): [string, unknown][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}
