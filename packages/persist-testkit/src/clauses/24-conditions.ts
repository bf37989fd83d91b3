/** `ifMatch` and `ifNoneMatch`: not met, nothing is written; malformed, they never turn into an unconditional write. */
import type { Condition, Store } from "@cuitty/persist-core";
import { equal, fail, present, refused } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

interface Conditional {
  readonly name: string;
  readonly slug: string;
  /** Writes (`"new"`) or deletes under the condition. */
  act(store: Store, o?: Condition): Promise<unknown>;
  /** Writes unconditionally. */
  set(store: Store, text: string): Promise<unknown>;
  remove(store: Store): Promise<unknown>;
  /** Version or etag. */
  version(store: Store): Promise<string | undefined>;
  value(store: Store): Promise<unknown>;
  /** What the value is after `act`. */
  readonly after: unknown;
  /** Of blobs, and not of what is sent in one piece. */
  readonly isBlobCondition?: true;
}

const record = {
  set: (s: Store, text: string) => s.records.put("k", text),
  remove: (s: Store) => s.records.delete("k"),
  version: async (s: Store) => (await s.records.get("k"))?.version,
  value: async (s: Store) => (await s.records.get("k"))?.value,
};
const value = {
  set: (s: Store, text: string) => s.kv.set("k", text),
  remove: (s: Store) => s.kv.delete("k"),
  version: async (s: Store) => (await s.kv.getEntry("k"))?.version,
  value: (s: Store) => s.kv.get("k"),
};
const blob = {
  set: (s: Store, text: string) => s.blobs.put("k", text),
  remove: (s: Store) => s.blobs.delete("k"),
  version: async (s: Store) => (await s.blobs.head("k"))?.etag,
  value: async (s: Store) => (await s.blobs.get("k"))?.text(),
};

const conditionals: readonly Conditional[] = [
  { name: "records.put", slug: "records-put", act: (s, o) => s.records.put("k", "new", o), after: "new", ...record },
  {
    name: "records.delete",
    slug: "records-delete",
    act: (s, o) => s.records.delete("k", o),
    after: undefined,
    ...record,
  },
  { name: "kv.set", slug: "kv-set", act: (s, o) => s.kv.set("k", "new", o), after: "new", ...value },
  { name: "kv.delete", slug: "kv-delete", act: (s, o) => s.kv.delete("k", o), after: undefined, ...value },
  { name: "blobs.put", slug: "blobs-put", act: (s, o) => s.blobs.put("k", "new", o), after: "new", ...blob },
  {
    name: "blobs.delete",
    slug: "blobs-delete",
    act: (s, o) => s.blobs.delete("k", o),
    after: undefined,
    isBlobCondition: true,
    ...blob,
  },
];

const noBlobConditions = "blobConditions is absent";

const malformed: readonly unknown[] = [
  { ifMatch: undefined },
  { ifMatch: null },
  { ifMatch: "" },
  { ifMatch: 5 },
  { ifNoneMatch: undefined },
  { ifNoneMatch: null },
  { ifNoneMatch: "some version" },
  { ifMatch: "a", ifNoneMatch: "*" },
  { ifMatch: undefined, ifNoneMatch: "*" },
  { ifmatch: "a" },
];

function promises(conditional: Conditional): Clause[] {
  const { name, slug, act, set, remove, version, value, after } = conditional;
  const openStore = async (t: Context): Promise<Store> => {
    const store = await t.store();
    if (conditional.isBlobCondition && store.capabilities.blobConditions === "absent") t.absent(noBlobConditions);
    return store;
  };
  return [
    clause(`K-if-match-${slug}`, ["With ifMatch of what is there, a write is done", name], async (t) => {
      const store = await openStore(t);
      await set(store, "old");
      await act(store, { ifMatch: present(await version(store), "the version") });
      equal(await value(store), after, "the value");
    }),

    clause(
      `K-if-match-stale-${slug}`,
      ["With ifMatch of what was there, a write is CONFLICT and changes nothing", name],
      async (t) => {
        const store = await openStore(t);
        await set(store, "old");
        const stale = present(await version(store), "the version");
        await set(store, "other");
        const current = await version(store);
        await refused(() => act(store, { ifMatch: stale }), "CONFLICT", name);
        equal([await value(store), await version(store)], ["other", current], "value and version");
      },
    ),

    clause(
      `K-if-match-missing-${slug}`,
      ["With ifMatch, a write is CONFLICT where there is nothing", name],
      async (t) => {
        const store = await openStore(t);
        await refused(() => act(store, { ifMatch: "made-up" }), "CONFLICT", "where there never was anything");
        await set(store, "old");
        const gone = present(await version(store), "the version");
        await remove(store);
        await refused(() => act(store, { ifMatch: gone }), "CONFLICT", "where it was deleted");
        equal(await value(store), undefined, "the value");
      },
    ),

    clause(`K-if-match-made-up-${slug}`, ["With ifMatch of what never was, a write is CONFLICT", name], async (t) => {
      const store = await openStore(t);
      await set(store, "old");
      for (const ifMatch of ["made-up", "*", "0", "null", `${await version(store)} `, "x".repeat(5000)]) {
        await refused(() => act(store, { ifMatch }), "CONFLICT", show(ifMatch));
      }
      equal(await value(store), "old", "the value");
    }),

    clause(
      `K-if-none-match-${slug}`,
      ["With ifNoneMatch, a write is CONFLICT where there is something, else done", name],
      async (t) => {
        const store = await openStore(t);
        await act(store, { ifNoneMatch: "*" });
        equal(await value(store), after, "the value");
        await set(store, "old");
        await refused(() => act(store, { ifNoneMatch: "*" }), "CONFLICT", name);
        equal(await value(store), "old", "the value afterwards");
      },
    ),

    clause(
      `K-if-malformed-${slug}`,
      ["With a malformed condition, a write is INVALID_ARGUMENT before any I/O", name],
      async (t) => {
        const watched = await t.watched();
        await set(watched.store, "old");
        for (const o of malformed) {
          await refusedBeforeIo(watched, (store) => act(store, o as Condition), "INVALID_ARGUMENT", show(o));
        }
        equal(await value(watched.store), "old", "the value");
      },
    ),

    clause(`K-if-race-${slug}`, ["Of many writes at once with one ifMatch, one is done", name], async (t) => {
      const store = await openStore(t);
      for (let round = 0; round < 5; round++) {
        await set(store, `round ${round}`);
        const ifMatch = present(await version(store), "the version");
        const tries = await Promise.allSettled(Array.from({ length: 16 }, () => act(store, { ifMatch })));
        const winners = tries.filter(({ status }) => status === "fulfilled").length;
        equal(winners, 1, "how many were done");
        equal(await value(store), after, "the value");
      }
    }),
  ];
}

export const conditions: Chapter = {
  section: "24",
  title: "Conditions",
  clauses: [
    ...conditionals.flatMap(promises),

    ...conditionals
      .filter(({ slug }) => slug.startsWith("records") || slug.startsWith("kv"))
      .map(({ name, slug, act, set, remove, version, value }) =>
        clause(`K-if-aba-${slug}`, ["No version matches the same value written anew", name], async (t) => {
          const store = await t.store();
          await set(store, "old");
          const ifMatch = present(await version(store), "the version");
          await set(store, "other");
          await set(store, "old");
          await refused(() => act(store, { ifMatch }), "CONFLICT", "the same value again");
          await remove(store);
          await set(store, "old");
          await refused(() => act(store, { ifMatch }), "CONFLICT", "deleted and made again");
          equal(await value(store), "old", "the value");
        }),
      ),

    clause("K-if-blob-content", "The etag of a blob names its content: the same bytes again match again", async (t) => {
      const { blobs } = await t.store();
      const { etag } = await blobs.put("k", "same");
      await blobs.put("k", "other");
      await blobs.put("k", "same");
      await blobs.put("k", "new", { ifMatch: etag });
      equal(await (await blobs.get("k"))?.text(), "new", "text");
    }),

    clause("K-if-blob-get", "blobs.get with ifMatch is CONFLICT where it is another content, or none", async (t) => {
      const { blobs } = await t.store();
      const { etag } = await blobs.put("k", "old");
      equal(await (await blobs.get("k", { ifMatch: etag }))?.text(), "old", "the text");
      await blobs.put("k", "new");
      await refused(() => blobs.get("k", { ifMatch: etag }), "CONFLICT", "another content");
      await refused(() => blobs.get("none", { ifMatch: etag }), "CONFLICT", "none");
      await refused(() => blobs.get("k", { ifMatch: "" }), "INVALID_ARGUMENT", "an empty etag");
    }),

    clause(
      "K-if-blob-absent",
      "Where blobConditions is absent, conditions on deletions, copies, moves and uploads of blobs are UNSUPPORTED before any I/O",
      async (t) => {
        const watched = await t.watched();
        if (watched.store.capabilities.blobConditions !== "absent") t.absent("blobConditions is not absent");
        const calls: readonly ((store: Store, o: Condition) => Promise<unknown>)[] = [
          ({ blobs }, o) => blobs.delete("k", o),
          ({ blobs }, o) => blobs.copy("k", "l", o),
          ({ blobs }, o) => blobs.move("k", "l", o),
          ({ blobs }, o) => blobs.createUpload("k", o),
        ];
        for (const call of calls) {
          for (const o of [{ ifMatch: "some" }, { ifNoneMatch: "*" }] as const) {
            await refusedBeforeIo(watched, (store) => call(store, o), "UNSUPPORTED", show(o));
          }
        }
      },
    ),

    clause("K-if-blob-unread", "A put whose condition cannot be met does not read the body", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "old");
      let read = false;
      async function* body() {
        read = true;
        yield new Uint8Array(1);
      }
      await refused(() => blobs.put("k", body(), { ifNoneMatch: "*" }), "CONFLICT", "ifNoneMatch");
      await refused(() => blobs.put("k", body(), { ifMatch: "other" }), "CONFLICT", "ifMatch");
      equal(read, false, "whether the body was read");
    }),

    clause("K-if-chain", "Compare and set by many writers loses nothing", async (t) => {
      const { kv } = await t.store();
      await kv.set("n", 0);
      const add = async () => {
        for (let tries = 0; tries < 200; tries++) {
          const { value, version } = present(await kv.getEntry<number>("n"), "the entry");
          try {
            await kv.set("n", value + 1, { ifMatch: version });
            return;
          } catch (error) {
            await refused(() => Promise.reject(error), "CONFLICT", "kv.set");
          }
        }
        fail("a writer did not get through in 200 tries");
      };
      await Promise.all(Array.from({ length: 10 }, add));
      equal(await kv.get("n"), 10, "the count");
    }),

    clause("K-if-insert-race", "Of many writes with ifNoneMatch at once one is done", async (t) => {
      const { kv } = await t.store();
      const tries = Array.from({ length: 16 }, (_, i) => kv.set("k", i, { ifNoneMatch: "*" }));
      const results = await Promise.allSettled(tries);
      const winner = results.findIndex(({ status }) => status === "fulfilled");
      equal(results.filter(({ status }) => status === "fulfilled").length, 1, "how many were done");
      equal(await kv.get("k"), winner, "the value");
    }),

    clause("K-if-error", "CONFLICT says that nothing was written, and names operation and key", async (t) => {
      const { kv } = await t.store();
      await kv.set("the-key", 1);
      const error = await refused(() => kv.set("the-key", 2, { ifNoneMatch: "*" }), "CONFLICT", "kv.set");
      equal(
        [error.outcome, error.retryable, error.operation, error.key],
        ["not-applied", true, "kv.set", "the-key"],
        "the error",
      );
    }),
  ],
};
