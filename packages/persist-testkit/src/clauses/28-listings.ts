/** Listings: which keys, in which order, in which portions; the same five times. */
import type { RangeOptions } from "@cuitty/persist-core";
import { equal, fail, holds, refused } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import { keysOf, type Lister, listers } from "../listers.ts";
import { event, numbered } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";

const letters = ["a", "b", "c", "d", "e", "f"];

interface Row {
  readonly slug: string;
  readonly title: string;
  readonly keys: readonly string[];
  readonly options: RangeOptions;
  readonly expected: readonly string[];
}

const row = (
  slug: string,
  title: string,
  options: RangeOptions,
  expected: readonly string[],
  keys: readonly string[] = letters,
): Row => ({ slug, title, options, expected, keys });

const wildcards = ["%", "A", "[a]", "\\", "_", "a", "a%", "a%b", "a*", "a?", "a[b]", "a\\", "a_", "a_b", "ab", "axb"];

const rows: readonly Row[] = [
  row("all", "Without options it gives all", {}, letters),
  row("undefined-options", "Options that are undefined are as good as left out", { prefix: undefined, start: undefined, startAfter: undefined, end: undefined, reverse: undefined, limit: undefined, cursor: undefined, batchSize: undefined }, letters), // biome-ignore format: one row
  row("start", "`start` is inclusive", { start: "c" }, ["c", "d", "e", "f"]),
  row("start-between", "`start` need not be there", { start: "bb" }, ["c", "d", "e", "f"]),
  row("start-after", "`startAfter` is exclusive", { startAfter: "c" }, ["d", "e", "f"]),
  row("end", "`end` is exclusive", { end: "c" }, ["a", "b"]),
  row("start-end", "`start` and `end` both hold", { start: "b", end: "d" }, ["b", "c"]),
  row("start-start-after", "`start` and `startAfter` both hold", { start: "b", startAfter: "b" }, ["c", "d", "e", "f"]),
  row("empty-range", "A range that ends before it starts is empty", { start: "d", end: "b" }, []),
  row("start-is-end", "A range that ends where it starts is empty", { start: "c", end: "c" }, []),
  row("empty-start", "The empty text as `start` is before all keys", { start: "" }, letters),
  row("empty-start-after", "The empty text as `startAfter` is before all keys", { startAfter: "" }, letters),
  row("empty-end", "Nothing comes before the empty text as `end`", { end: "" }, []),
  row("empty-prefix", "The empty prefix begins every key", { prefix: "" }, letters),
  row("reverse", "`reverse` gives the greatest first", { reverse: true }, [...letters].reverse()),
  row("reverse-range", "`reverse` keeps what the bounds mean", { reverse: true, start: "b", end: "e" }, [
    "d",
    "c",
    "b",
  ]),
  row("reverse-start-after", "`reverse` keeps what `startAfter` means", { reverse: true, startAfter: "d" }, ["f", "e"]),
  row("limit", "`limit` is the most entries in all", { limit: 2 }, ["a", "b"]),
  row("limit-reverse", "`limit` counts from the greatest in reverse", { limit: 2, reverse: true }, ["f", "e"]),
  row("limit-more", "`limit` may be more than there is", { limit: 100 }, letters),
  row("limit-batches", "`limit` holds over several batches", { limit: 5, batchSize: 2 }, ["a", "b", "c", "d", "e"]),
  row("batches", "`batchSize` changes nothing in what comes", { batchSize: 1 }, letters),
  row(
    "batches-reverse",
    "`batchSize` changes nothing in reverse",
    { batchSize: 4, reverse: true },
    [...letters].reverse(),
  ),
  row("batches-huge", "A `batchSize` above 1 000 is as good as 1 000", { batchSize: 1_000_000 }, letters),
  row(
    "prefix",
    "A prefix gives the keys that start with it, itself among them",
    { prefix: "ab" },
    ["ab", "ab/", "abc"],
    ["a", "ab", "ab/", "abc", "ac", "b"],
  ),
  row("prefix-none", "A prefix that no key has gives none", { prefix: "x" }, []),
  row(
    "prefix-reverse",
    "A prefix holds in reverse",
    { prefix: "ab", reverse: true },
    ["abc", "ab"],
    ["a", "ab", "abc", "ac"],
  ),
  row(
    "prefix-start",
    "A prefix and a `start` both hold",
    { prefix: "b", start: "b2" },
    ["b2", "b3"],
    ["a", "b1", "b2", "b3", "c"],
  ),
  row(
    "prefix-start-before",
    "A `start` before the prefix changes nothing",
    { prefix: "b", start: "a" },
    ["b1", "b2"],
    ["a", "b1", "b2", "c"],
  ),
  row("prefix-end", "A prefix and an `end` both hold", { prefix: "b", end: "b2" }, ["b1"], ["a", "b1", "b2", "c"]),
  row(
    "prefix-end-beyond",
    "An `end` beyond the prefix changes nothing",
    { prefix: "b", end: "z" },
    ["b1", "b2"],
    ["a", "b1", "b2", "c"],
  ),
  row("prefix-percent", "A prefix is literal: `%` matches itself only", { prefix: "a%" }, ["a%", "a%b"], wildcards),
  row("prefix-only-percent", "A prefix is literal: `%` alone is no wildcard", { prefix: "%" }, ["%"], wildcards),
  row("prefix-underscore", "A prefix is literal: `_` matches itself only", { prefix: "a_" }, ["a_", "a_b"], wildcards),
  row("prefix-star", "A prefix is literal: `*` matches itself only", { prefix: "a*" }, ["a*"], wildcards),
  row("prefix-question", "A prefix is literal: `?` matches itself only", { prefix: "a?" }, ["a?"], wildcards),
  row("prefix-bracket", "A prefix is literal: `[` opens no class", { prefix: "[a" }, ["[a]"], wildcards),
  row("prefix-backslash", "A prefix is literal: `\\` escapes nothing", { prefix: "a\\" }, ["a\\"], wildcards),
  row("prefix-case", "A prefix is literal: case counts", { prefix: "A" }, ["A", "Ab"], ["A", "Ab", "a", "ab"]),
  row(
    "prefix-accent",
    "A prefix is literal: composed and decomposed letters differ",
    { prefix: "é" },
    ["é", "éa"],
    ["e", "e\u0301", "é", "éa"],
  ),
  row(
    "prefix-slash",
    "A prefix may end within what looks like a folder",
    { prefix: "dir/su" },
    ["dir/sub/1", "dir/sub/2", "dir/sum"],
    ["dir", "dir/s", "dir/sub/1", "dir/sub/2", "dir/sum", "dir/tub"],
  ),
  row("prefix-dots", "A prefix of dots is only a prefix", { prefix: "../" }, ["../a"], [".", "..", "../a", "a"]),
  row(
    "prefix-last-ascii",
    "A prefix that ends in the last of ASCII ends right",
    { prefix: "a\u007f" },
    ["a\u007f", "a\u007fb"],
    ["a~", "a\u007f", "a\u007fb", "a\u0080"],
  ),
  row(
    "prefix-before-surrogates",
    "A prefix that ends before the surrogates ends right",
    { prefix: "\ud7ff" },
    ["\ud7ff", "\ud7ffz"],
    ["\ud7fe", "\ud7ff", "\ud7ffz", "\ue000", "😀"],
  ),
  row(
    "prefix-last-unit",
    "A prefix that ends in U+FFFF does not take in what is above",
    { prefix: "\uffff" },
    ["\uffff", "\uffffa"],
    ["a", "\uffff", "\uffffa", "\u{10000}"],
  ),
  row(
    "prefix-astral",
    "A prefix may be a code point above U+FFFF",
    { prefix: "😀" },
    ["😀", "😀a"],
    ["\uffff", "😀", "😀a", "😁"],
  ),
  row(
    "prefix-last-point",
    "A prefix of the last code point has no end but that of all keys",
    { prefix: "\u{10ffff}" },
    ["\u{10ffff}", "\u{10ffff}\u{10ffff}"],
    ["a", "\u{10ffff}", "\u{10ffff}\u{10ffff}"],
  ),
  row(
    "prefix-then-last-point",
    "A prefix that ends in the last code point ends right",
    { prefix: "a\u{10ffff}" },
    ["a\u{10ffff}", "a\u{10ffff}b"],
    ["a", "a\u{10ffff}", "a\u{10ffff}b", "b"],
  ),
  row(
    "prefix-long",
    "A prefix may be as long as a key",
    { prefix: "k".repeat(512) },
    ["k".repeat(512)],
    ["k".repeat(511), "k".repeat(512)],
  ),
];

function tableClause(lister: Lister, { slug, title, keys, options, expected }: Row): Clause {
  return clause(`K-list-${slug}-${lister.slug}`, [title, lister.name], async (t) => {
    const store = await t.store();
    await lister.fill(store, keys);
    equal(await keysOf(lister, store, options), [...expected], "toArray");
    const iterated: string[] = [];
    for await (const item of lister.list(store, options)) iterated.push(lister.keyOf(item));
    equal(iterated, [...expected], "for await");
  });
}

const badOptions: readonly RangeOptions[] = [
  { limit: 0 },
  { limit: -1 },
  { limit: 1.5 },
  { limit: Number.NaN },
  { limit: "1" as never },
  { batchSize: 0 },
  { batchSize: 0.5 },
  { batchSize: null as never },
  { reverse: "yes" as never },
  { reverse: 1 as never },
  { cursor: "" },
  { cursor: "x" },
  { cursor: 5 as never },
  { cursor: "x".repeat(10_000) },
  { prefx: "a" } as RangeOptions,
];

function promises(lister: Lister): Clause[] {
  const { name, slug, list, fill, remove, keyOf } = lister;
  return [
    clause(`K-list-pages-${slug}`, ["Pages fit together, and the last one has no cursor", name], async (t) => {
      const store = await t.store();
      await fill(store, letters);
      for (const reverse of [false, true]) {
        for (const limit of [1, 2, 4, 6, 7]) {
          const found: string[] = [];
          let cursor: string | undefined;
          let pages = 0;
          do {
            if (++pages > 10) fail(`pages of ${limit} do not end`);
            const page = await list(store, { limit, reverse, cursor }).page();
            holds(page.items.length <= limit, `a page has at most ${limit} items`);
            if ("cursor" in page) equal(typeof page.cursor, "string", "the type of a cursor that is there");
            found.push(...page.items.map(keyOf));
            cursor = page.cursor;
          } while (cursor !== undefined);
          equal(found, reverse ? [...letters].reverse() : letters, `in pages of ${limit}`);
        }
      }
    }),

    clause(`K-list-page-again-${slug}`, ["page is stateless: the same cursor gives the same page", name], async (t) => {
      const store = await t.store();
      await fill(store, letters);
      const { cursor } = await list(store, { limit: 2 }).page();
      const listing = list(store, { limit: 2, cursor });
      for (let i = 0; i < 3; i++) equal((await listing.page()).items.map(keyOf), ["c", "d"], "the page");
      equal((await listing.toArray()).map(keyOf), ["c", "d"], "toArray with the cursor");
    }),

    clause(`K-list-page-default-${slug}`, ["A page has 100 entries where nothing else is said", name], async (t) => {
      const store = await t.store();
      const keys = Array.from({ length: 130 }, (_, i) => `k${String(i).padStart(3, "0")}`);
      await fill(store, keys);
      const first = await list(store).page();
      equal(first.items.map(keyOf), keys.slice(0, 100), "the first page");
      const second = await list(store, { cursor: first.cursor }).page();
      equal([second.items.map(keyOf), second.cursor], [keys.slice(100), undefined], "the second page");
    }),

    clause(
      `K-list-cursor-foreign-${slug}`,
      ["A cursor of another query is refused before any I/O", name],
      async (t) => {
        const watched = await t.watched();
        await fill(watched.store, letters);
        const { cursor } = await list(watched.store, { limit: 2 }).page();
        for (const o of [{ prefix: "a" }, { start: "a" }, { startAfter: "a" }, { end: "z" }, { reverse: true }]) {
          const page = (store: typeof watched.store) => list(store, { ...o, cursor }).page();
          await refusedBeforeIo(watched, page, "INVALID_ARGUMENT", JSON.stringify(o));
        }
        const other = listers.find((one) => one.name !== name) as Lister;
        await refusedBeforeIo(watched, (s) => other.list(s, { cursor }).page(), "INVALID_ARGUMENT", other.name);
      },
    ),

    clause(
      `K-list-cursor-tampered-${slug}`,
      ["A cursor that was changed is refused or goes on elsewhere, and no more", name],
      async (t) => {
        const store = await t.store();
        await fill(store, letters);
        const { cursor = "" } = await list(store, { limit: 2 }).page();
        for (let i = 0; i < cursor.length; i++) {
          const changed = `${cursor.slice(0, i)}${cursor[i] === "A" ? "B" : "A"}${cursor.slice(i + 1)}`;
          try {
            const { items } = await list(store, { cursor: changed }).page();
            for (const item of items) holds(letters.includes(keyOf(item)), "only keys of this store come");
          } catch (error) {
            await refused(() => Promise.reject(error), ["INVALID_ARGUMENT", "INVALID_KEY"], "a changed cursor");
          }
        }
      },
    ),

    clause(
      `K-list-cursor-reopened-${slug}`,
      ["A cursor works after the store was opened anew, also when its key is gone", name],
      async (t) => {
        const place = t.place();
        let store = await place.open();
        await fill(store, letters);
        const { cursor } = await list(store, { limit: 3 }).page();
        await place.close();
        store = await place.open();
        await remove(store, "c");
        equal(await keysOf(lister, store, { cursor }), ["d", "e", "f"], "the rest");
      },
    ),

    clause(
      `K-list-bad-options-${slug}`,
      ["Malformed options are refused before any I/O, and when the listing is made", name],
      async (t) => {
        const watched = await t.watched();
        for (const o of badOptions) {
          const what = JSON.stringify(o).slice(0, 80);
          const work = (store: typeof watched.store) => ("cursor" in o ? list(store, o).toArray() : list(store, o));
          await refusedBeforeIo(watched, work, "INVALID_ARGUMENT", what);
        }
      },
    ),

    clause(`K-list-lazy-${slug}`, ["Nothing is read before it is iterated", name], async (t) => {
      const { store, calls } = await t.watched();
      list(store);
      list(store)[Symbol.asyncIterator]();
      await Promise.resolve();
      equal(calls, [], "what the backend was asked");
    }),

    clause(`K-list-again-${slug}`, ["A listing may be read again, and is read anew", name], async (t) => {
      const store = await t.store();
      await fill(store, ["a"]);
      const listing = list(store);
      equal((await listing.toArray()).map(keyOf), ["a"], "first");
      await fill(store, ["b"]);
      equal((await listing.toArray()).map(keyOf), ["a", "b"], "then");
    }),

    clause(`K-list-break-${slug}`, ["Who stops in the middle leaves nothing behind", name], async (t) => {
      const store = await t.store();
      await fill(store, letters);
      for (let i = 0; i < 3; i++) {
        for await (const item of list(store, { batchSize: 2 })) if (keyOf(item) === "c") break;
      }
      const iterator = list(store)[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.return?.();
      equal((await iterator.next()).done, true, "done after return");
      await fill(store, ["g"]);
      equal((await keysOf(lister, store)).length, 7, "how many there are");
    }),

    clause(
      `K-list-concurrent-next-${slug}`,
      ["Who does not wait for the call before is answered in turn", name],
      async (t) => {
        const store = await t.store();
        await fill(store, letters);
        const iterator = list(store, { batchSize: 2 })[Symbol.asyncIterator]();
        const steps = await Promise.all(Array.from({ length: 8 }, () => iterator.next()));
        equal(
          steps.map(({ done }) => done === true),
          [...letters.map(() => false), true, true],
          "which are done",
        );
        equal(
          steps.slice(0, 6).map(({ value }) => keyOf(value)),
          letters,
          "the keys",
        );
      },
    ),

    clause(`K-list-max-${slug}`, ["toArray is TOO_LARGE above max, and says how to go on", name], async (t) => {
      const store = await t.store();
      await fill(store, letters);
      equal((await list(store).toArray({ max: 6 })).length, 6, "with max of as many");
      const error = await refused(() => list(store).toArray({ max: 5 }), "TOO_LARGE", "with max of one less");
      holds(error.message.includes(name), "the message names the operation");
      equal((await list(store, { limit: 5 }).toArray({ max: 5 })).length, 5, "with a limit");
    }),

    clause(
      `K-list-write-while-${slug}`,
      ["Writing while listing neither blocks nor repeats or hides what stays", name],
      async (t) => {
        const store = await t.store();
        const keys = Array.from({ length: 60 }, (_, i) => `k${String(i).padStart(2, "0")}`);
        await fill(store, keys);
        const seen: string[] = [];
        for await (const item of list(store, { batchSize: 7 })) {
          const key = keyOf(item);
          holds(!seen.includes(key), `${key} comes once`);
          seen.push(key);
          if (key.startsWith("k")) await fill(store, [`a${seen.length}`, `${key}-`]);
          if (seen.length % 10 === 0) await remove(store, key);
        }
        const first = seen.filter((key) => /^k\d\d$/.test(key));
        equal(first, keys, "the keys that were there from the start");
        equal([...seen].sort(), seen, "the order");
      },
    ),

    clause(
      `K-list-delete-while-${slug}`,
      ["Deleting what has been listed hides nothing that comes after it", name],
      async (t) => {
        const keys = Array.from({ length: 40 }, (_, i) => `k${String(i).padStart(2, "0")}`);
        for (const reverse of [false, true]) {
          const store = await t.store();
          await fill(store, keys);
          const seen: string[] = [];
          for await (const item of list(store, { batchSize: 6, reverse })) {
            seen.push(keyOf(item));
            await remove(store, keyOf(item));
          }
          equal(seen, reverse ? [...keys].reverse() : keys, reverse ? "the keys in reverse" : "the keys");
        }

        const store = await t.store();
        await fill(store, keys);
        const paged: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await list(store, { limit: 6, cursor }).page();
          for (const item of page.items) {
            paged.push(keyOf(item));
            await remove(store, keyOf(item));
          }
          cursor = page.cursor;
        } while (cursor !== undefined);
        equal(paged, keys, "what the pages hold");
      },
    ),
  ];
}

export const listings: Chapter = {
  section: "28",
  title: "Listings",
  clauses: [
    ...listers.flatMap((lister) => rows.map((one) => tableClause(lister, one))),
    ...listers.flatMap(promises),

    clause("K-list-many", "Thousands of entries come in order, each once, whatever the batch", async (t) => {
      const { kv } = await t.store();
      const keys = Array.from({ length: 3000 }, (_, i) => `k${String((i * 7919) % 3000).padStart(4, "0")}`);
      for (let i = 0; i < 3; i++) await kv.setMany(keys.slice(i * 1000, i * 1000 + 1000).map((key) => [key, key]));
      const expected = [...keys].sort();
      equal(await kv.keys().toArray(), expected, "keys");
      equal(await kv.keys({ batchSize: 1000 }).toArray(), expected, "keys in batches of 1000");
      equal(
        (await kv.list({ batchSize: 123, reverse: true }).toArray()).map(({ key }) => key),
        [...expected].reverse(),
        "list in reverse",
      );
      equal((await kv.list({ limit: 2500 }).page()).items.length, 2500, "a page of 2500");
    }),

    clause(
      "K-list-default-max",
      "toArray gives 10 000 entries where nothing else is said, and refuses more",
      async (t) => {
        // Of events, because a thousand are one write where ten thousand keys may be as many files; toArray is the same for all listings.
        const { events } = await t.store();
        for (let i = 0; i < 10; i++) await events.append("s", numbered(1000, i * 1000));
        equal((await events.readAll().toArray()).length, 10_000, "how many of 10 000");
        await events.append("s", event("one more"));
        await refused(() => events.readAll().toArray(), "TOO_LARGE", "10 001");
        equal((await events.readAll().toArray({ max: 20_000 })).length, 10_001, "with a higher max");
      },
    ),
  ],
};
