import { type AppendOp, type CommitResult, type Engine, memory, type Op } from "@cuitty/persist-core";
import { describe, expect, test } from "vitest";
import { at, drivers, everything, openEngine, put, scope } from "./engines.ts";
import { faultyDriver, sqliteError } from "./faulty-driver.ts";

const tuple = new Uint8Array([1, 2, 3]);
const taken = { index: "by-email", tuple, unique: true } as const;

function append(stream: string, ids: string[], more: Partial<AppendOp> = {}): AppendOp {
  return { op: "append", stream, events: ids.map((id) => ({ id, type: "t", tags: [], data: id })), ...more };
}

describe.each(drivers)("with $name", (driver) => {
  test("answers each list by itself, against what the lists before it left", async () => {
    const engine = await openEngine({ driver });
    const results = await engine.commit(
      [
        [put("kv", "a", "1", { ifVersion: null, version: "first" })],
        [put("kv", "b", "1"), put("kv", "a", "2", { ifVersion: null })],
        [put("kv", "a", "3", { ifVersion: "first" })],
      ],
      at(1000),
    );
    expect(results.map((result) => result.outcome)).toEqual(["applied", "conflict", "applied"]);
    expect(results[1]).toMatchObject({ op: 1 });
    const rows = await engine.read("kv", ["a", "b"], at(1000));
    expect(rows[0]).toMatchObject({ value: "3" });
    expect(rows[1]).toBeUndefined();
  });

  test("many lists that each set one value come to the same as one after the other", async () => {
    const [engine, model] = [await openEngine({ driver }), (await memory().engine?.(scope)) as Engine];
    const lists = Array.from({ length: 130 }, (_, i): Op[] => {
      const key = `k${i % 17}`; // each key several times
      if (i === 60) return [put("kv", key, "never", { ifVersion: null })];
      if (i === 90) return [{ op: "delete", space: "kv", key, version: "gone" }];
      return [put("kv", key, String(i), { expiresAt: i % 5 === 0 ? 2000 : undefined })];
    });
    expect(await engine.commit(lists, at(1000))).toMatchObject(
      (await model.commit(lists, at(1000))).map(({ outcome }) => ({ outcome })),
    );
    const keys = Array.from({ length: 17 }, (_, i) => `k${i}`);
    const valuesIn = async (from: Engine, now: number) =>
      (await from.read("kv", keys, at(now))).map((row) => row && [row.value, row.version]);
    for (const now of [1000, 2000]) expect(await valuesIn(engine, now)).toEqual(await valuesIn(model, now));
    const { changes } = await engine.changes(undefined, 1000, at(1000));
    expect(new Set(changes.map((change) => change.cursor)).size).toBe(changes.length);
  });

  test("keeps when a row was made, unless it had expired", async () => {
    const engine = await openEngine({ driver });
    await engine.commit([[put("records", "a", "1", { expiresAt: 2000 })]], at(1000));
    const kept = await engine.commit([[put("records", "a", "2", { expiresAt: 2000 })]], at(1500));
    expect(kept).toMatchObject([{ answers: [{ createdAt: 1000 }] }]);
    const anew = await engine.commit([[put("records", "a", "3", { ifVersion: null })]], at(2000));
    expect(anew).toMatchObject([{ outcome: "applied", answers: [{ createdAt: 2000 }] }]);
    expect((await engine.read("records", ["a"], at(3000)))[0]).toMatchObject({ createdAt: 2000, updatedAt: 2000 });
  });

  describe("unique tuples", () => {
    test("refuse another live record, by name", async () => {
      const engine = await openEngine({ driver });
      await engine.commit([[put("records", "a", "1", { index: [taken], expiresAt: 2000 })]], at(1000));
      const again = await engine.commit([[put("records", "a", "2", { index: [taken], expiresAt: 2000 })]], at(1000));
      expect(again).toMatchObject([{ outcome: "applied" }]);
      const other = put("records", "b", "1", { index: [taken] });
      expect(await engine.commit([[other]], at(1999))).toEqual([{ outcome: "conflict", op: 0, index: "by-email" }]);
      expect(await engine.commit([[other]], at(2000))).toMatchObject([{ outcome: "applied" }]);
    });

    test("may pass from one record to another within a list, whatever the order", async () => {
      const engine = await openEngine({ driver });
      await engine.commit([[put("records", "a", "1", { index: [taken] })]], at(1000));
      const remove: Op = { op: "delete", space: "records", key: "a", version: "gone" };
      const results = await engine.commit([[put("records", "b", "1", { index: [taken] }), remove]], at(1000));
      expect(results).toMatchObject([{ outcome: "applied" }]);
      const swap = [put("records", "b", "2", { index: [] }), put("records", "c", "1", { index: [taken] })];
      expect(await engine.commit([swap], at(1000))).toMatchObject([{ outcome: "applied" }]);
      const range = { by: "index", index: "by-email", reverse: false, limit: 10, keysOnly: true } as const;
      expect((await engine.scan("records", range, at(1000))).rows.map((row) => row.key)).toEqual(["c"]);
    });

    test("refuse two records of one list", async () => {
      const engine = await openEngine({ driver });
      const both = ["a", "b"].map((key) => put("records", key, "1", { index: [taken] }));
      expect(await engine.commit([both], at(1000))).toMatchObject([{ outcome: "conflict", index: "by-email" }]);
      expect((await engine.scan("records", everything(), at(1000))).rows).toEqual([]);
    });
  });

  describe("appends", () => {
    test("look through the whole log for what must not be there", async () => {
      const engine = await openEngine({ driver });
      for (let i = 0; i < 3; i++) {
        const ids = Array.from({ length: 600 }, (_, j) => `${i}-${j}`);
        await engine.commit([[append("s", ids)]], at(1000));
      }
      const unless = (after: number, id: string): AppendOp["unless"] => ({
        after,
        matches: (event) => event.id === id,
      });
      const tries = [
        unless(0, "0-500"),
        unless(0, "2-599"),
        unless(1799, "2-599"),
        unless(1800, "2-599"),
        unless(601, "0-600"),
      ];
      const results = await engine.commit(
        tries.map((unless, i) => [append("t", [`t${i}`], { unless })]),
        at(1000),
      );
      expect(results.map((result) => result.outcome)).toEqual([
        "conflict",
        "conflict",
        "conflict",
        "applied",
        "applied",
      ]);
    });

    test("answer the first result again, even where the conditions no longer hold", async () => {
      const engine = await openEngine({ driver });
      const op = append("s", ["a", "b"], { expected: 0 });
      const [first] = await engine.commit([[op]], at(1000));
      await engine.commit([[append("other", ["x"])], [append("s", ["c"])]], at(1000));
      const [again] = await engine.commit([[op]], at(1000));
      expect(first).toMatchObject({ answers: [{ appended: { version: 2, position: 2, duplicate: false } }] });
      expect(again).toMatchObject({ answers: [{ appended: { version: 2, position: 2, duplicate: true } }] });
      const partly = [
        append("s", ["b", "d"]),
        append("s", ["b", "a"]),
        append("s", ["a", "c"]),
        append("s", ["d", "d"]),
      ];
      const results = await engine.commit(
        partly.map((op) => [op]),
        at(1000),
      );
      expect(results.map((result) => result.outcome)).toEqual(["conflict", "conflict", "conflict", "conflict"]);
    });

    test("never go back in time", async () => {
      const engine = await openEngine({ driver });
      await engine.commit([[append("s", ["a"])]], at(2000));
      await engine.commit([[append("s", ["b"])]], at(1000));
      const { events } = await engine.events({ reverse: false, limit: 10 }, at(1000));
      expect(events.map((event) => event.time)).toEqual([2000, 2000]);
    });

    test("find events by their ids", async () => {
      const engine = await openEngine({ driver });
      await engine.commit([[append("s", ["a", "b", "c"])], [append("t", ["a"])]], at(1000));
      const range = { stream: "s", ids: ["c", "a", "missing"], reverse: true, limit: 2 };
      const { events, more } = await engine.events(range, at(1000));
      expect(events.map(({ stream, id }) => stream + id)).toEqual(["sc", "sa"]);
      expect(more).toBe(false);
    });
  });
});

test("a number that the driver changes passes through exactly", async () => {
  const engine = await openEngine();
  const big = Number.MAX_SAFE_INTEGER;
  await engine.commit([[put("records", "a", "1", { expiresAt: big })]], at(big - 1));
  expect((await engine.read("records", ["a"], at(big - 1)))[0]).toMatchObject({ createdAt: big - 1, expiresAt: big });
});

describe("when the driver fails", () => {
  const lists: Op[][] = [
    [put("records", "r", "new", { index: [taken] }), put("kv", "k", "new")],
    [{ op: "add", space: "kv", key: "n", by: 1, version: "add" }, append("s", ["e1", "e2"])],
    [{ op: "delete", space: "kv", key: "old", version: "delete" }],
  ];

  // The n-th call fails, for n = 1, 2, 3 …, until a run comes through untouched.
  test("nothing or all of it is there, whichever call fails", async () => {
    for (let n = 1, untouched = false; !untouched; n++) {
      const faults: Parameters<typeof faultyDriver>[0] = {};
      const engine = await openEngine({ driver: faultyDriver(faults) });
      await engine.commit([[put("kv", "old", "1"), put("records", "r", "old", { index: [taken] })]], at(1000));
      let calls = 0;
      faults.before = () => {
        if (++calls === n) throw sqliteError("SQLITE_FULL");
      };
      const failed = await attempt(() => engine.commit(lists, at(1000)));
      untouched = calls < n;
      faults.before = undefined;
      if (!untouched) expect(failed).toMatchObject({ code: "NO_SPACE", outcome: "not-applied" });

      const rows = await engine.read("kv", ["k", "n", "old"], at(1000));
      expect(rows.map((row) => row?.value)).toEqual(untouched ? ["new", "1", undefined] : [undefined, undefined, "1"]);
      const { events } = await engine.events({ reverse: false, limit: 10 }, at(1000));
      expect(events.map((event) => event.id)).toEqual(untouched ? ["e1", "e2"] : []);
      // No transaction was left open, and no number was lost.
      expect(await engine.commit([[put("kv", "after", "1")]], at(1000))).toMatchObject([{ outcome: "applied" }]);
      const { changes } = await engine.changes(undefined, 100, at(1000));
      expect(changes.at(-1)).toMatchObject({ key: "after" });
      expect(new Set(changes.map((change) => change.cursor)).size).toBe(changes.length);
    }
  });

  test("a COMMIT that fails says that it is unknown what happened, and both may be true", async () => {
    const faults: Parameters<typeof faultyDriver>[0] = {};
    const engine = await openEngine({ driver: faultyDriver(faults) });
    const failCommit = (sql: string) => {
      if (sql === "commit") throw sqliteError("SQLITE_IOERR_FSYNC");
    };
    for (const when of ["before", "after"] as const) {
      faults[when] = failCommit;
      const results = await engine.commit([[put("kv", when, "1")], [put("kv", `${when}-2`, "1")]], at(1000));
      faults[when] = undefined;
      expect(results.map((result: CommitResult) => result.outcome)).toEqual(["unknown", "unknown"]);
      const [row] = await engine.read("kv", [when], at(1000));
      expect(row === undefined).toBe(when === "before");
      expect(await engine.commit([[put("kv", "next", "1")]], at(1000))).toMatchObject([{ outcome: "applied" }]);
    }
  });

  test.each(["SQLITE_FULL", "SQLITE_BUSY"])("a COMMIT that fails by %s was not applied", async (code) => {
    const faults: Parameters<typeof faultyDriver>[0] = {};
    const engine = await openEngine({ driver: faultyDriver(faults) });
    faults.before = (sql) => {
      if (sql === "commit") throw sqliteError(code);
    };
    const failed = await attempt(() =>
      engine.commit([[put("kv", "a", "1")], [put("kv", "b", "1")]], at(1000, { deadline: performance.now() })),
    );
    faults.before = undefined;
    expect(failed).toMatchObject({ outcome: "not-applied" });
    expect(await engine.read("kv", ["a", "b"], at(1000))).toEqual([undefined, undefined]);
  });

  test.each([
    ["SQLITE_IOERR_WRITE", "unknown"],
    ["SQLITE_FULL", "not-applied"],
  ])("a single write that fails by %s is told as %s, like any other", async (code, outcome) => {
    const faults: Parameters<typeof faultyDriver>[0] = {};
    const engine = await openEngine({ driver: faultyDriver(faults) });
    faults.before = (sql) => {
      // Whether it is a transaction of its own, or lies in one whose end fails.
      if (sql === "commit" || sql.startsWith("insert into kv")) throw sqliteError(code);
    };
    const answer = await attempt(() => engine.commit([[put("kv", "a", "1")]], at(1000)));
    faults.before = undefined;
    expect(Array.isArray(answer) ? answer[0] : answer).toMatchObject({ outcome });
    expect(await engine.read("kv", ["a"], at(1000))).toEqual([undefined]);
  });

  test("a condition that throws undoes its commit, and is told as it is", async () => {
    const engine = await openEngine();
    await engine.commit([[append("s", ["a"])]], at(1000));
    const matches = () => {
      throw new TypeError("not my kind of event");
    };
    const failed = await attempt(() =>
      engine.commit([[put("kv", "a", "1"), append("s", ["b"], { unless: { after: 0, matches } })]], at(1000)),
    );
    expect(failed).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("not my kind of event") });
    expect(await engine.read("kv", ["a"], at(1000))).toEqual([undefined]);
  });
});

/** What the call throws or rejects with, or what it answers. */
async function attempt(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}
