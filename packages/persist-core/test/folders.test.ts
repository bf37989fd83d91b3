import fc from "fast-check";
import { expect, test } from "vitest";
import type { RangeOptions } from "../src/api/listings.ts";
import { compareKeys } from "../src/keys.ts";
import { storeOver } from "./engine-spy.ts";

const letter = fc.constantFrom("a", "b", "/", "0", "é", "\uffff", "😀");
const text = (minLength: number) => fc.string({ unit: letter, minLength, maxLength: 5 });
const bound = fc.option(text(0), { nil: undefined });
const options = fc.record({
  prefix: bound,
  start: bound,
  startAfter: bound,
  end: bound,
  reverse: fc.boolean(),
  batchSize: fc.constantFrom(1, 3, 500),
});

type Options = RangeOptions & { reverse: boolean };

/** All names in their order, by the rule: choose the keys, then put together what is in a folder. */
function expected(keys: readonly string[], { prefix = "", start, startAfter, end, reverse }: Options): string[] {
  const names = keys
    .filter((key) => key.startsWith(prefix))
    .filter((key) => start === undefined || compareKeys(key, start) >= 0)
    .filter((key) => startAfter === undefined || compareKeys(key, startAfter) > 0)
    .filter((key) => end === undefined || compareKeys(key, end) < 0)
    .map((key) => {
      const slash = key.indexOf("/", prefix.length);
      return slash === -1 ? key : key.slice(0, slash + 1);
    });
  const sorted = [...new Set(names)].sort(compareKeys);
  return reverse ? sorted.reverse() : sorted;
}

test("a listing as folders tells what putting all keys together by hand gives, whole and in pages", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text(1), { maxLength: 60 }),
      fc.array(fc.tuple(options, fc.integer({ min: 1, max: 7 })), { minLength: 1, maxLength: 6 }),
      async (keys, queries) => {
        const { store } = storeOver();
        for (const key of keys) await store.blobs.put(key, "");
        for (const [o, limit] of queries) {
          const names = expected(keys, o);
          const list = (more: RangeOptions = {}) => store.blobs.list({ ...o, ...more, delimiter: "/" });
          const nameOf = (item: { key: string } | { prefix: string }) => ("key" in item ? item.key : item.prefix);
          expect((await list().toArray()).map(nameOf)).toEqual(names);
          expect((await list({ limit }).toArray()).map(nameOf)).toEqual(names.slice(0, limit));
          const paged: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await list({ limit, cursor }).page();
            paged.push(...page.items.map(nameOf));
            cursor = page.cursor;
          } while (cursor !== undefined);
          expect(paged).toEqual(names);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("a listing as folders reads little of each, and no more than it needs of what has none", async () => {
  let rows = 0;
  let scans = 0;
  const { store } = storeOver((engine) => ({
    async scan(space, range, o) {
      const page = await engine.scan(space, range, o);
      scans++;
      rows += page.rows.length;
      return page;
    },
  }));
  for (let folder = 0; folder < 10; folder++) {
    for (let n = 0; n < 200; n++) await store.blobs.put(`folder-${folder}/${n}`, "");
  }
  expect(await store.blobs.list({ delimiter: "/" }).toArray()).toHaveLength(10);
  expect(scans).toBeLessThanOrEqual(11);
  expect(rows).toBeLessThan(200);
  scans = 0;
  expect(await store.blobs.list({ delimiter: "/", prefix: "folder-3/" }).toArray()).toHaveLength(200);
  expect(scans).toBeLessThanOrEqual(3);
});
