/** Values that an index shortens: in the tuple only their beginning says the order. */
import { expect, it } from "vitest";
import type { Query } from "../../src/api/queries.ts";
import { storeOver } from "../engine-spy.ts";
import { waitUntilReady } from "./ready.ts";

const beginning = "long".repeat(30);
const values = [..."hcafbgde"].map((end) => beginning + end);

async function filled(all: readonly unknown[]) {
  const { store } = storeOver();
  const records = store.records.collection("docs", { indexes: { byA: { on: "a" } } });
  await records.putMany(all.map((a, i) => [`k${i}`, { a }] as const));
  await waitUntilReady(records, { orderBy: [["a", "asc"]] });
  const found = async (query: Query<unknown>) => {
    expect(await records.explain(query)).toMatchObject({ plan: "index" });
    return (await records.list(query).toArray()).map(({ value }) => (value as { a: unknown }).a);
  };
  return { records, found };
}

it.each(["asc", "desc"] as const)("come in their whole order, %s, and page by page", async (direction) => {
  const { records, found } = await filled(values);
  const expected = [...values].sort();
  if (direction === "desc") expected.reverse();
  const query = { orderBy: [["a", direction]] } as const;
  expect(await found(query)).toEqual(expected);
  expect(await found({ ...query, reverse: true, batchSize: 3 })).toEqual(expected.toReversed());
  const paged: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await records.list({ ...query, limit: 3, cursor }).page();
    paged.push(...page.items.map(({ value }) => (value as { a: unknown }).a));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(paged).toEqual(expected);
});

it("are compared whole", async () => {
  const { found } = await filled(values);
  const sorted = [...values].sort();
  for (const [i, value] of sorted.entries()) {
    const orderBy = [["a", "asc"]] as const;
    expect(await found({ where: { a: { gt: value } }, orderBy })).toEqual(sorted.slice(i + 1));
    expect(await found({ where: { a: { gte: value } }, orderBy })).toEqual(sorted.slice(i));
    expect(await found({ where: { a: { lt: value } }, orderBy })).toEqual(sorted.slice(0, i));
    expect(await found({ where: { a: { lte: value } }, orderBy })).toEqual(sorted.slice(0, i + 1));
    expect(await found({ where: { a: value } })).toEqual([value]);
  }
});

it("and bigints between two numbers too", async () => {
  const near = [2n ** 60n + 3n, 2n ** 60n + 1n, 2n ** 60n, 2n ** 60n + 2n];
  const { found } = await filled(near);
  expect(await found({ orderBy: [["a", "asc"]] })).toEqual([near[2], near[1], near[3], near[0]]);
  expect(await found({ where: { a: { gt: 2n ** 60n + 1n } }, orderBy: [["a", "desc"]] })).toEqual([near[0], near[3]]);
});

it("finds texts by half a pair of surrogates", async () => {
  const { found } = await filled(["\ud83d\ude00", "a"]);
  expect(await found({ where: { a: { startsWith: "\ud83d" } } })).toEqual(["\ud83d\ude00"]);
});
