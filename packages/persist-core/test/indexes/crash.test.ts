// A process that builds an index may die at any moment. Whoever declares the same next finishes it, and nobody finds too little by it, or too much.
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/contract.ts";
import { backends, storeOn } from "./backends.ts";
import { catalogOf, entriesIn, until } from "./waiting.ts";

const never = new Promise<never>(() => undefined);
const rows = 230; // three steps
const index = { indexes: { n: { on: "n" }, even: { on: "even", unique: true } } } as const;
const numbers = { indexes: { n: { on: "n" } } } as const;

/** Two ends for each commit: with and without effect. From then on nothing is answered any more. */
function mortal(engine: Engine, life: number, lastHappens: boolean): Engine & { readonly isDead: boolean } {
  let commits = 0;
  let isDead = false;
  return {
    ...engine,
    get isDead() {
      return isDead;
    },
    read: (...args) => (isDead ? never : engine.read(...args)),
    scan: (...args) => (isDead ? never : engine.scan(...args)),
    commit(...args) {
      if (isDead) return never;
      if (++commits < life) return engine.commit(...args);
      isDead = true;
      if (lastHappens) void engine.commit(...args);
      return never;
    },
  };
}

describe.each(backends)("over %s", (_, create) => {
  test.each([true, false])(
    "a build that dies at any commit is finished by another (the last one happens: %s)",
    async (lastHappens) => {
      for (let life = 1, isOver = false; !isOver; life++) {
        const open = create();
        const first = storeOn(await open());
        await first.records.putMany(Array.from({ length: rows }, (_, i) => [`users/${1000 + i}`, { n: i % 7 }]));
        const alive = await open();
        const engine = mortal(alive, life, lastHappens);
        const doomed = storeOn(engine);
        doomed.records.collection("users", numbers);
        await until(async () => engine.isDead || (await catalogOf(alive)).users?.n?.state === "ready");
        isOver = !engine.isDead;

        const next = await open();
        const survivor = storeOn(next);
        await survivor.records.put("users/1000", { n: 100 });
        await survivor.records.delete("users/1001");
        const users = survivor.records.collection<{ n: number }>("users", numbers);
        await users.put("new", { n: 101 });
        await until(async () => (await catalogOf(next)).users?.n?.state === "ready");
        const { id } = (await catalogOf(next)).users?.n ?? {};
        const expected = (await users.list().toArray()).map(({ key, value }) => ({ key: `users/${key}`, n: value.n }));
        expected.sort((a, b) => a.n - b.n || (a.key < b.key ? -1 : 1));
        expect(await entriesIn(next, id as string)).toEqual(expected.map(({ key }) => key));
        expect(await next.read("system", ["indexes/users"], { now: 0, deadline: Number.POSITIVE_INFINITY })).toEqual([
          undefined,
        ]);
      }
    },
  );
});

test("two that cannot both be in a unique index keep nothing else from being built", async () => {
  const open = (backends[0] as (typeof backends)[0])[1]();
  const engine = await open();
  const { records } = storeOn(engine);
  await records.putMany(
    Array.from({ length: rows }, (_, i) => [`users/${1000 + i}`, { n: i, even: i % 100 === 0 ? "same" : `${i}` }]),
  );
  records.collection("users", index);
  await until(async () => (await catalogOf(engine)).users?.n?.state === "ready");
  const { n, even } = (await catalogOf(engine)).users ?? {};
  expect(even).toMatchObject({ state: "failed", duplicates: ["1000", "1100"] });
  expect(await entriesIn(engine, n?.id as string)).toHaveLength(rows);
  expect(await entriesIn(engine, even?.id as string)).toHaveLength(rows - 2);
});
