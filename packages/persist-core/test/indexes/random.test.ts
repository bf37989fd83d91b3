// Whatever writes, and whenever indexes are declared, an index that is ready has exactly the entries that the documents call for.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/api/store.ts";
import { compareBytes } from "../../src/bytes-order.ts";
import type { Engine } from "../../src/contract.ts";
import { PersistError } from "../../src/errors.ts";
import { entriesOf } from "../../src/indexes/entries.ts";
import { backends, storeOn } from "./backends.ts";
import { catalogOf, entriesIn, until } from "./waiting.ts";

interface Item {
  a: number;
  b?: number;
}

const definitions = {
  a: { a: { on: "a" } },
  b: { b: { on: "b", unique: true } },
  both: { both: { on: ["b", "a"] } },
  otherA: { a: { on: ["a", "b"] } },
} as const;

const key = fc.integer({ min: 0, max: 11 }).map((n) => `${n}`);
const item: fc.Arbitrary<Item> = fc
  .record({ a: fc.integer({ min: 0, max: 3 }) })
  .chain((part) =>
    fc
      .option(fc.integer({ min: 0, max: 40 }), { nil: undefined })
      .map((b) => (b === undefined ? part : { ...part, b })),
  );
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("put" as const), key, item }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("outside" as const), key, item }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("exchange" as const), key, other: key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("declare" as const), name: fc.constantFrom("a", "b", "both", "otherA") }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pause" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function take(store: Store, one: Step): Promise<void> {
  const items = store.records.collection<Item>("items");
  switch (one.do) {
    case "put":
      await items.put(one.key, one.item);
      return;
    case "outside":
      await store.records.put(`items/${one.key}`, one.item);
      return;
    case "delete":
      await items.delete(one.key);
      return;
    case "exchange":
      await store.transaction(async (tx) => {
        const inside = tx.use(items);
        const [first, second] = [await inside.get(one.key), await inside.get(one.other)];
        if (first === undefined || second === undefined) return;
        await inside.put(one.key, second.value);
        await inside.put(one.other, first.value);
      });
      return;
    case "declare":
      store.records.collection<Item>("items", { indexes: definitions[one.name as keyof typeof definitions] });
      return;
    case "pause":
      await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function expectTrueIndexes(engine: Engine, store: Store): Promise<void> {
  await until(async () =>
    Object.values((await catalogOf(engine)).items ?? {}).every((one) => one?.state !== "building"),
  );
  const rows = await engine.scan(
    "records",
    { by: "key", reverse: false, limit: 1000, keysOnly: false },
    { now: 0, deadline: Number.POSITIVE_INFINITY },
  );
  for (const [name, stored] of Object.entries((await catalogOf(engine)).items ?? {})) {
    if (stored?.state !== "ready") continue;
    const definition = { name, id: stored.id, paths: stored.on, unique: stored.unique, state: "ready" as const };
    const expected = rows.rows
      .flatMap(({ key: of, value }) => entriesOf([definition], value).map(({ tuple }) => ({ of, tuple })))
      .sort((x, y) => compareBytes(x.tuple, y.tuple) || (x.of < y.of ? -1 : 1));
    expect(await entriesIn(engine, stored.id)).toEqual(expected.map(({ of }) => of));
  }
  await store.close();
}

describe.each(backends)("over %s", (_, create) => {
  test("an index that is ready has what the documents call for", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const engine = await create()();
        const stores = [storeOn(engine), storeOn(engine)]; // each with a catalog of its own
        const running: Promise<void>[] = [];
        for (const [i, one] of steps.entries()) {
          const work = take(stores[i % 2] as Store, one).catch((error: unknown) => {
            if (!PersistError.is(error, "CONFLICT")) throw error; // a value that is taken
          });
          running.push(work);
          if (i % 3 === 0) await Promise.all(running);
        }
        await Promise.all(running);
        await expectTrueIndexes(engine, stores[0] as Store);
      }),
      { numRuns: 60 },
    );
  });
});
