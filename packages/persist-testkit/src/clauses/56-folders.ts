/** Blobs listed as folders. */
import type { BlobItem, RangeOptions, Store } from "@cuitty/persist-core";
import { equal, fail, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";

const tree = [
  "a",
  "a/",
  "a/1",
  "a/b/1",
  "a/b/2",
  "a/c",
  "a//x",
  "ab",
  "b/1",
  "b/2",
  "b0",
  "c/d/e/f",
  "é/1",
  "é/2",
  "😀/x",
  "😁",
];

type Options = Omit<RangeOptions, "cursor">;

const rows: readonly (readonly [slug: string, title: string, o: Options, expected: readonly string[]])[] = [
  [
    "root",
    "Without a prefix: what has no slash, and the first names of the rest",
    {},
    ["a", "a/", "ab", "b/", "b0", "c/", "é/", "😀/", "😁"],
  ],
  ["prefix", "With a prefix: what stands in that folder", { prefix: "a/" }, ["a/", "a//", "a/1", "a/b/", "a/c"]],
  ["deeper", "A prefix of several folders", { prefix: "a/b/" }, ["a/b/1", "a/b/2"]],
  ["within-name", "A prefix may end within a name", { prefix: "a" }, ["a", "a/", "ab"]],
  ["chain", "A folder that holds folders only", { prefix: "c/" }, ["c/d/"]],
  ["none", "A prefix that no key has", { prefix: "x/" }, []],
  ["reverse", "Greatest first", { reverse: true }, ["😁", "😀/", "é/", "c/", "b0", "b/", "ab", "a/", "a"]],
  [
    "reverse-prefix",
    "Greatest first in a folder",
    { prefix: "a/", reverse: true },
    ["a/c", "a/b/", "a/1", "a//", "a/"],
  ],
  ["limit", "limit counts folders and keys", { limit: 3 }, ["a", "a/", "ab"]],
  ["limit-reverse", "limit counts from the greatest in reverse", { limit: 3, reverse: true }, ["😁", "😀/", "é/"]],
  [
    "start",
    "start chooses keys: a folder is told where one of them is in it",
    { start: "a/c" },
    ["a/", "ab", "b/", "b0", "c/", "é/", "😀/", "😁"],
  ],
  ["start-after", "startAfter chooses keys", { startAfter: "a/c" }, ["ab", "b/", "b0", "c/", "é/", "😀/", "😁"]],
  ["end", "end chooses keys", { end: "b/2" }, ["a", "a/", "ab", "b/"]],
  ["end-reverse", "end chooses keys in reverse", { end: "b/2", reverse: true }, ["b/", "ab", "a/", "a"]],
  ["batches", "batchSize changes nothing", { batchSize: 1 }, ["a", "a/", "ab", "b/", "b0", "c/", "é/", "😀/", "😁"]],
];

const nameOf = (item: BlobItem | { prefix: string }) => ("prefix" in item ? item.prefix : item.key);

async function fill(store: Store, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => store.blobs.put(key, key)));
}

const list = (store: Store, o: RangeOptions = {}) => store.blobs.list({ ...o, delimiter: "/" });

/** Page by page, with a cursor each. */
async function paged(store: Store, o: Options, limit: number): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | undefined, pages = 0; ; pages++) {
    const page = await list(store, { ...o, limit, cursor }).page();
    names.push(...page.items.map(nameOf));
    holds(page.items.length === limit || page.cursor === undefined, "a page with a cursor is full");
    if (page.cursor === undefined) return names;
    cursor = page.cursor;
    if (pages > 100) fail("the pages do not end");
  }
}

export const folders: Chapter = {
  section: "56",
  title: "Blobs as folders",
  clauses: [
    ...rows.map(([slug, title, o, expected]) =>
      clause(`K-folders-${slug}`, title, async (t) => {
        const store = await t.store();
        await fill(store, tree);
        equal((await list(store, o).toArray()).map(nameOf), expected, "toArray");
        const iterated: string[] = [];
        for await (const item of list(store, o)) iterated.push(nameOf(item));
        equal(iterated, expected, "one by one");
        const { limit, ...rest } = o;
        for (const size of [1, 2, 3, 100]) {
          equal((await paged(store, rest, size)).slice(0, limit), expected, `in pages of ${size}`);
        }
      }),
    ),

    clause("K-folders-items", "Keys come with what list tells of them, folders with their prefix alone", async (t) => {
      const store = await t.store();
      await fill(store, ["a/1", "a/2", "b"]);
      const [, , b] = await store.blobs.list().toArray();
      equal(await list(store).toArray(), [{ prefix: "a/" }, b], "the items");
    }),

    clause("K-folders-many", "A folder is told once, however much is in it, and not read to its end", async (t) => {
      const { store, calls } = await t.watched();
      const keys = Array.from({ length: 400 }, (_, i) => `big/${String(i).padStart(4, "0")}`);
      await fill(store, [...keys, "a", "z", "zz/1"]);
      for (const reverse of [false, true]) {
        const expected = ["a", "big/", "z", "zz/"];
        calls.length = 0;
        equal(
          (await list(store, { reverse }).toArray()).map(nameOf),
          reverse ? expected.reverse() : expected,
          reverse ? "in reverse" : "the listing",
        );
        const scans = calls.filter((call) => call === "engine.scan").length;
        holds(scans <= 3, `at most three pages are read, and not ${scans}`);
      }
    }),

    clause("K-folders-cursor", "A cursor belongs to its query, and survives changes", async (t) => {
      const store = await t.store();
      await fill(store, tree);
      const { cursor } = await list(store, { limit: 2 }).page();
      const others: (() => unknown)[] = [
        () => store.blobs.list({ cursor }).page(),
        () => list(store, { cursor, prefix: "a" }).page(),
        () => list(store, { cursor, reverse: true }).page(),
      ];
      for (const other of others) await refused(other, "INVALID_ARGUMENT", "the cursor in another query");
      await store.blobs.clear({ prefix: "a/" }); // the folder where the page ended
      await store.blobs.put("a/new", "x");
      equal((await list(store, { limit: 2, cursor }).page()).items.map(nameOf), ["ab", "b/"], "the next page");
    }),

    clause("K-folders-delimiter", "The delimiter is a slash; undefined is none", async (t) => {
      const store = await t.store();
      await fill(store, ["a/1", "b"]);
      for (const delimiter of ["", "//", "-", 5, null]) {
        await refused(() => store.blobs.list({ delimiter } as never).toArray(), "INVALID_ARGUMENT", String(delimiter));
      }
      const all = await store.blobs.list({ delimiter: undefined } as never).toArray();
      equal(all.map(nameOf), ["a/1", "b"], "all keys");
      await refused(
        () => store.blobs.list({ delimeter: "/" } as never).toArray(),
        "INVALID_ARGUMENT",
        "a misspelt name",
      );
      await refused(() => store.kv.list({ delimiter: "/" } as never).toArray(), "INVALID_ARGUMENT", "of kv");
    }),
  ],
};
