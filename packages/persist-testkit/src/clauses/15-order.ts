/** Keys are ordered by their unsigned UTF-8 bytes, which is the order of code points and of nothing else: not of UTF-16 units, locales or insertion. */
import fc from "fast-check";
import { equal, fail } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import { keysOf, type Lister, listers } from "../listers.ts";
import { byBytes } from "../model/byte-order.ts";

/** In this order. */
const table = ["A", "B", "_", "a", "a b", "ab", "z", "~", "\u0080", "é", "ÿ", "\ue000", "～", "😀"];

const rows: readonly (readonly [slug: string, ordered: readonly string[], title: string])[] = [
  ["table", table, "Keys come in the order of their UTF-8 bytes"],
  [
    "astral",
    ["\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"],
    "Code points above U+FFFF come last, and not before U+E000",
  ],
  ["replacement", ["10", "9", "Z", "a", "\ufffd", "😀"], "U+FFFD comes after ASCII, and before what is above U+FFFF"],
  ["case", ["A", "B", "Z", "a", "b", "z"], "All capital letters come before all small ones"],
  ["numbers", ["1", "10", "100", "2", "20", "9"], "Digits are text: 10 comes before 9"],
  [
    "extension",
    ["a", "a\u0001", "a ", "a!", "a.", "a/", "aa", "b"],
    "A key comes before its extensions, and those stand together",
  ],
  ["controls", ["\u0001", "\t", "\n", " ", "!", "\u007f", "\u0080"], "Control characters have their place"],
  ["diacritics", ["E", "Z", "e", "e\u0301", "f", "z", "\u00e9"], "Letters with diacritics come after all ASCII"],
  [
    "punctuation",
    ["!", "-", ".", "/", "0", ":", "A", "[", "_", "a", "{", "~"],
    "Punctuation stands where ASCII has it",
  ],
  ["separators", ["a-b", "a.b", "a/b", "a:b", "a_b"], "Separators are compared like any other character"],
  [
    "long",
    ["k".repeat(510), `${"k".repeat(510)}a`, `${"k".repeat(510)}b`, `${"k".repeat(509)}l`],
    "Long keys are compared to their ends",
  ],
];

export const order: Chapter = {
  section: "15",
  title: "Order of keys",
  clauses: [
    ...rows.flatMap(([slug, ordered, title]) =>
      listers.map((lister) =>
        clause(`K-order-${slug}-${lister.slug}`, [title, lister.name], (t) => inOrder(t, lister, ordered)),
      ),
    ),

    ...listers.map((lister) =>
      clause(`K-order-random-${lister.slug}`, ["Random keys come in byte order, both ways", lister.name], async (t) => {
        const key = fc.string({ unit: "binary", minLength: 1, maxLength: 6 }).filter((text) => !text.includes("\0"));
        const sets = fc.sample(fc.uniqueArray(key, { minLength: 20, maxLength: 40 }), { seed: t.seed, numRuns: 3 });
        for (const set of sets) {
          const store = await t.store();
          await lister.fill(store, set);
          const expected = [...set].sort(byBytes);
          equal(await keysOf(lister, store), expected, `ascending (seed ${t.seed})`);
          equal(await keysOf(lister, store, { reverse: true }), expected.reverse(), `descending (seed ${t.seed})`);
        }
      }),
    ),

    clause(
      "K-order-after-changes",
      "The order does not depend on when keys were written, replaced or removed",
      async (t) => {
        const store = await t.store();
        for (const key of ["c", "a", "d", "b"]) await store.kv.set(key, 1);
        await store.kv.set("a", 2);
        await store.kv.delete("b");
        await store.kv.set("b", 3);
        await store.kv.set("c", 4);
        equal(await store.kv.keys().toArray(), ["a", "b", "c", "d"], "the keys");
        equal(
          (await store.kv.list().toArray()).map(({ value }) => value),
          [2, 3, 4, 1],
          "the values",
        );
      },
    ),
  ],
};

async function inOrder(t: Context, lister: Lister, ordered: readonly string[]): Promise<void> {
  const store = await t.store();
  // Neither in order nor in reverse, so that insertion order cannot be mistaken for either.
  const shuffled = [...ordered.filter((_, i) => i % 2 === 1), ...ordered.filter((_, i) => i % 2 === 0).reverse()];
  await lister.fill(store, shuffled);
  equal(await keysOf(lister, store), [...ordered], "ascending");
  equal(await keysOf(lister, store, { reverse: true }), [...ordered].reverse(), "descending");
  for (const [i, key] of ordered.entries()) {
    const after = await keysOf(lister, store, { startAfter: key });
    if (after.length !== ordered.length - i - 1) fail(`after ${JSON.stringify(key)} there are ${after.length} keys`);
  }
}
