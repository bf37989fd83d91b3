/** Data belongs to its store and namespace: nothing leaks from one to the other. */
import { PersistError, type Store } from "@cuitty/persist-core";
import { equal, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import type { OpenOptions } from "../place.ts";
import { show } from "../show.ts";

const pairs: readonly (readonly [slug: string, a: string | undefined, b: string | undefined, what: string])[] = [
  ["none", undefined, "n", "a store and one of its namespaces"],
  ["two", "a", "b", "two namespaces"],
  ["prefix", "a", "ab", "namespaces of which one begins the other"],
  ["case", "A", "a", "namespaces that differ in case"],
  ["dot", "a", "a.b", "a namespace and what looks like one below it"],
  ["dots", ".", "..", "namespaces of dots"],
  ["separators", "a-b", "a_b", "namespaces that differ in a separator"],
  ["separator-dot", "a-b", "a.b", "namespaces that differ in a dot"],
  ["dash", undefined, "-", "a store and its namespace -"],
  ["name", undefined, "kit", "a store and its namespace of the same name"],
  ["numbers", "1", "01", "namespaces that are the same number"],
  ["proto", "__proto__", "constructor", "namespaces that objects inherit"],
  ["device", "con", "nul", "namespaces that are names of devices"],
  ["long", "n".repeat(64), "n".repeat(63), "long namespaces"],
];

async function write(store: Store, text: string): Promise<void> {
  await store.kv.set("k", text);
  await store.kv.set(`only ${text}`, text);
  await store.records.put("k", text);
  await store.blobs.put("k", text);
  await store.events.append("s", [{ type: "t", data: text, id: "same" }]);
}

async function read(store: Store): Promise<unknown> {
  return {
    kv: await store.kv.get("k"),
    keys: await store.kv.keys().toArray(),
    records: (await store.records.list().toArray()).map(({ value }) => value),
    blob: await (await store.blobs.get("k"))?.text(),
    events: (await store.events.readAll().toArray()).map(({ data, position }) => [data, position]),
    heads: [await store.events.head(), await store.events.head("s")],
  };
}

const written = (text: string) => ({
  kv: text,
  keys: ["k", `only ${text}`],
  records: [text],
  blob: text,
  events: [[text, 1]],
  heads: [1, 1],
});

/** Writes in one scope, then in the other, and compares what each has. One after the other, for backends that take one store at a time. */
async function apart(t: Context, a: OpenOptions, b: OpenOptions): Promise<void> {
  const place = t.place();
  const using = async <T>(o: OpenOptions, work: (store: Store) => Promise<T>): Promise<T> => {
    const store = await place.open(o);
    const answer = await work(store);
    await place.close();
    return answer;
  };
  await using(a, (store) => write(store, "a"));
  equal(await using(b, (store) => store.kv.keys().toArray()), [], "keys of the second, which is new");
  await using(b, (store) => write(store, "b"));
  equal(await using(a, read), written("a"), "the first");
  equal(await using(b, read), written("b"), "the second");
  await using(a, async (store) => {
    await store.kv.clear({ all: true });
    await store.records.clear({ all: true });
    await store.blobs.clear({ all: true });
    await store.events.append("s", { type: "t", data: "more" });
  });
  equal(await using(b, read), written("b"), "the second, after the first was cleared");
}

export const scopes: Chapter = {
  section: "80",
  title: "Stores and namespaces",
  clauses: [
    ...pairs.map(([slug, a, b, what]) =>
      clause(`K-scope-${slug}`, ["Stores and namespaces of different names share nothing", what], (t) =>
        apart(t, a === undefined ? {} : { namespace: a }, b === undefined ? {} : { namespace: b }),
      ),
    ),

    clause(
      "K-scope-names",
      "Two stores of different names in one place share nothing, or the second one is refused",
      async (t) => {
        const place = t.place();
        await write(await place.open({ name: "first" }), "a");
        await place.close();
        let second: Store;
        try {
          second = await place.open({ name: "second" });
        } catch (error) {
          equal(PersistError.is(error) ? error.code : error, "INVALID_ARGUMENT", "the code of the refusal");
          await place.close();
          equal(await read(await place.open({ name: "first" })), written("a"), "the first, after the refusal");
          return;
        }
        equal(await second.kv.keys().toArray(), [], "keys of the second");
        await write(second, "b");
        await place.close();
        equal(await read(await place.open({ name: "first" })), written("a"), "the first");
        await place.close();
        equal(await read(await place.open({ name: "second" })), written("b"), "the second");
      },
    ),

    clause("K-scope-at-once", "Stores of several namespaces work side by side", async (t) => {
      const stores = await Promise.all(Array.from({ length: 5 }, () => t.store()));
      await Promise.all(stores.flatMap((store, i) => [write(store, `text ${i}`), store.kv.increment("n", i)]));
      for (const [i, store] of stores.entries()) {
        equal(await store.kv.get("n"), i, "the number");
        equal(await store.kv.get("k"), `text ${i}`, "the text");
        equal(await store.events.head(), 1, "the head");
      }
    }),

    clause("K-namespace-same", "store.namespace is the same scope as createStore with that namespace", async (t) => {
      const place = t.place();
      const store = await place.open();
      await write(store.namespace("n"), "a");
      equal(await read(store.namespace("n")), written("a"), "the namespace");
      equal(await store.kv.keys().toArray(), [], "the keys of the store itself");
      await place.close();
      equal(await read(await place.open({ namespace: "n" })), written("a"), "the namespace, opened by createStore");
    }),

    clause("K-namespace-nested", "A namespace has namespaces, which share nothing with it", async (t) => {
      const outer = (await t.store()).namespace("a");
      await write(outer, "outer");
      await write(outer.namespace("b"), "inner");
      await write(outer.namespace("a"), "same name");
      equal(await read(outer), written("outer"), "the outer one");
      equal(await read(outer.namespace("b")), written("inner"), "the inner one");
      equal(await read(outer.namespace("a")), written("same name"), "the one of the same name");
    }),

    clause("K-namespace-transaction", "A namespace has transactions of its own", async (t) => {
      const namespace = (await t.store()).namespace("n");
      await namespace.transaction(async (tx) => {
        equal(await tx.kv.increment("n"), 1, "the number inside");
        await tx.records.put("r", { n: 1 });
      });
      equal((await namespace.records.get("r"))?.value, { n: 1 }, "the record");
    }),

    clause(
      "K-namespace-close",
      "Closing a namespace leaves its store open, and closing the store closes it",
      async (t) => {
        const store = await t.store();
        const [a, b, unused] = ["a", "b", "c"].map((name) => store.namespace(name)) as [Store, Store, Store];
        await a.kv.set("k", 1);
        await b.kv.set("k", 2);
        await a.close();
        await refused(() => a.kv.get("k"), "CLOSED", "the closed namespace");
        equal(await store.namespace("a").kv.get("k"), 1, "the namespace, opened again");
        equal(await b.kv.get("k"), 2, "the other namespace");
        await store.kv.set("k", 3);
        await store.close();
        for (const namespace of [b, unused, store.namespace]) {
          const call = typeof namespace === "function" ? () => namespace("d") : () => namespace.kv.get("k");
          await refused(call, "CLOSED", "after the store was closed");
        }
      },
    ),

    clause("K-namespace-names", "A malformed name of a namespace is refused", async (t) => {
      const store = await t.store();
      for (const name of ["", "a/b", "ä", "n".repeat(65), 1, undefined]) {
        await refused(() => store.namespace(name as string), "INVALID_ARGUMENT", `the name ${show(name)}`);
      }
    }),

    clause("K-scope-versions", "No version is used in two stores", async (t) => {
      const [a, b] = [await t.store(), await t.store()];
      const versions = new Set<string>();
      for (let i = 0; i < 20; i++) {
        versions.add((await a.kv.set("k", i)).version);
        versions.add((await b.kv.set("k", i)).version);
      }
      equal(versions.size, 40, "how many different versions");
    }),
  ],
};
