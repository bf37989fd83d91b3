import { expect, test } from "vitest";
import { startDouble } from "./buckets.ts";
import { append, at, commit, idsOf, openEngineOn, put, valuesOf } from "./engines.ts";

/** Enough for several checkpoints. */
const many = 300;
const numbers = Array.from({ length: many }, (_, i) => i + 1);

test("appenders in turn give dense positions, over checkpoints, and everybody reads the same", async () => {
  const double = await startDouble();
  const [a, b, late] = await Promise.all([openEngineOn(double), openEngineOn(double), openEngineOn(double)]);
  for (const n of numbers) await commit(n % 2 === 0 ? a : b, n, append(n % 3 === 0 ? "s" : "t", `e${n}`));
  const all = numbers.map((n) => `e${n}`);
  // One that has seen nothing of it, and one that begins now.
  for (const reader of [a, b, late, await openEngineOn(double)]) {
    expect(await idsOf(reader, many)).toEqual(all);
    expect(await idsOf(reader, many, "s")).toEqual(all.filter((_, i) => (i + 1) % 3 === 0));
    const { events } = await reader.events({ from: 100, to: 102, reverse: true, limit: 2 }, at(many));
    expect(events.map(({ position }) => position)).toEqual([102, 101]);
    const known = await reader.events({ stream: "s", ids: ["e3", "e300", "e1"], reverse: false, limit: 10 }, at(many));
    expect(known.events.map(({ id, version }) => [id, version])).toEqual([
      ["e3", 1],
      ["e300", 100],
    ]);
  }
  const again = await commit(late, many + 1, append("s", "e3"));
  expect(again).toMatchObject({ answers: [{ appended: { version: 1, position: 3, duplicate: true } }] });
});

test("ids that core has made are found again behind checkpoints", async () => {
  const double = await startDouble();
  const engine = await openEngineOn(double);
  const ids = Array.from({ length: 200 }, (_, i) => `01a22255-0536-7${String(i).padStart(3, "0")}-8810-39f89ebc01a2`);
  for (const id of ids) await commit(engine, 1, { ...append("s", id), fresh: true });
  const other = await openEngineOn(double);
  const { events } = await other.events(
    { stream: "s", ids: [ids[0] ?? "", ids[150] ?? ""], reverse: false, limit: 9 },
    at(1),
  );
  expect(events.map(({ version }) => version)).toEqual([1, 151]);
  expect(await commit(other, 1, append("s", ids[7] ?? ""))).toMatchObject({
    answers: [{ appended: { version: 8, duplicate: true } }],
  });
});

test("what was erased is gone for everybody, before and behind a checkpoint, and from the bucket", async () => {
  const double = await startDouble();
  const [a, b] = await Promise.all([openEngineOn(double), openEngineOn(double)]);
  for (const n of numbers.slice(0, 10)) await commit(a, n, append("s", `secret${n}`));
  expect(await idsOf(b, 11)).toHaveLength(10); // so that it remembers them
  await commit(a, 11, { op: "erase", stream: "s", before: 8 });
  const left = ["secret8", "secret9", "secret10"];
  for (const reader of [a, b]) {
    expect(await idsOf(reader, 12)).toEqual(left);
    expect(await idsOf(reader, 12, "s")).toEqual(left);
  }
  for (const n of numbers.slice(10, 100)) await commit(b, n, append("t", `other${n}`));
  for (const reader of [a, b, await openEngineOn(double)]) {
    expect((await idsOf(reader, 101)).slice(0, 3)).toEqual(left);
    expect(await idsOf(reader, 101, "s")).toEqual(left);
    const { events } = await reader.events({ stream: "s", ids: ["secret3"], reverse: false, limit: 1 }, at(101));
    expect(events).toMatchObject([{ id: "secret3", erased: true, data: "" }]);
  }
});

test("commits of several keys by two processes over the same keys are all or nothing, and none is lost", async () => {
  const double = await startDouble();
  const engines = await Promise.all([openEngineOn(double), openEngineOn(double)]);
  const accounts = ["a", "b", "c"];
  await commit(engines[0], 1, ...accounts.map((key) => put(key, 100)));
  const move = async (n: number): Promise<void> => {
    const engine = engines[n % 2] as (typeof engines)[0];
    const from = accounts[n % 3] as string;
    const to = accounts[(n + 1) % 3] as string;
    for (;;) {
      const [source, target] = await engine.read("kv", [from, to], at(2));
      const [x, y] = [source, target].map((row) => JSON.parse(row?.value ?? "0") as number);
      const result = await commit(
        engine,
        2,
        put(from, (x ?? 0) - 1, { ifVersion: source?.version }),
        put(to, (y ?? 0) + 1, { ifVersion: target?.version }),
        append("moves", `m${n}`),
      );
      if (result.outcome === "applied") return;
    }
  };
  await Promise.all(Array.from({ length: 30 }, (_, n) => move(n)));
  const reader = await openEngineOn(double);
  expect(await valuesOf(reader, 3, ...accounts)).toEqual([100, 100, 100]);
  expect(new Set(await idsOf(reader, 3)).size).toBe(30);
});
