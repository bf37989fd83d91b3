import type { Engine, IndexRange } from "@cuitty/persist-core";
import { describe, expect, test } from "vitest";
import { at, drivers, everything, openEngine, put } from "./engines.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

describe.each(drivers)("with $name", (driver) => {
  test("keys come in the order of their bytes, between their bounds", async () => {
    const engine = await openEngine({ driver });
    const keys = ["A", "B", "_", "a", "a b", "ab", "z", "~", "\u0080", "é", "ÿ", "\ue000", "～", "😀"];
    await engine.commit([[...keys].reverse().map((key) => put("kv", key, "1"))], at(1000));
    const scanKeys = async (range: Parameters<typeof everything>[0]) =>
      (await engine.scan("kv", everything(range), at(1000))).rows.map((row) => row.key);
    expect(await scanKeys({})).toEqual(keys);
    expect(await scanKeys({ reverse: true })).toEqual([...keys].reverse());
    const [lower, upper] = [
      { key: "a", inclusive: false },
      { key: "～", inclusive: false },
    ];
    expect(await scanKeys({ lower, upper })).toEqual(keys.slice(4, 12));
    expect(await scanKeys({ lower: { ...lower, inclusive: true }, upper: { ...upper, inclusive: true } })).toEqual(
      keys.slice(3, 13),
    );
  });

  test("values that are not wanted are not read", async () => {
    const engine = await openEngine({ driver });
    const entry = { index: "i", tuple: bytes(1), unique: false };
    await engine.commit([[put("records", "a", "long", { index: [entry], version: "v" })]], at(1000));
    const wanted = [{ key: "a", value: "", version: "v" }];
    expect(await engine.scan("records", everything({ keysOnly: true }), at(1000))).toMatchObject({ rows: wanted });
    const range = { by: "index", index: "i", reverse: false, limit: 5, keysOnly: true } as const;
    expect(await engine.scan("records", range, at(1000))).toMatchObject({ rows: wanted });
  });

  describe("by index", () => {
    async function fill(): Promise<(range: Partial<IndexRange>) => Promise<string[]>> {
      const engine: Engine = await openEngine({ driver });
      const tuples = [bytes(), bytes(1), bytes(1, 0), bytes(2), bytes(2), bytes(255)];
      const puts = tuples.map((tuple, i) =>
        put("records", `r${i}`, "1", { index: [{ index: "i", tuple, unique: false }] }),
      );
      const other = [{ index: "j", tuple: bytes(1), unique: false }];
      await engine.commit([[...puts, put("records", "other", "1", { index: other })]], at(1000));
      return async (range) => {
        const whole = { by: "index", index: "i", reverse: false, limit: 10, keysOnly: true } as const;
        const { rows } = await engine.scan("records", { ...whole, ...range }, at(1000));
        return rows.map((row) => row.key);
      };
    }

    test("between bounds: from the lower one, up to but without the upper one", async () => {
      const scan = await fill();
      expect(await scan({})).toEqual(["r0", "r1", "r2", "r3", "r4", "r5"]);
      expect(await scan({ lower: bytes(1), upper: bytes(2) })).toEqual(["r1", "r2"]);
      expect(await scan({ lower: bytes(1, 0), reverse: true })).toEqual(["r5", "r4", "r3", "r2"]);
    });

    test("after an entry, whatever is said of the bounds", async () => {
      const scan = await fill();
      const middle = { tuple: bytes(2), key: "r3" };
      expect(await scan({ after: middle })).toEqual(["r4", "r5"]);
      expect(await scan({ after: middle, upper: bytes(255) })).toEqual(["r4"]);
      expect(await scan({ after: middle, reverse: true, lower: bytes(1) })).toEqual(["r2", "r1"]);
      // A cursor from elsewhere does not lead out of the range.
      expect(await scan({ after: { tuple: bytes(), key: "" }, lower: bytes(2) })).toEqual(["r3", "r4", "r5"]);
      expect(await scan({ after: { tuple: bytes(255, 1), key: "" }, upper: bytes(2), reverse: true })).toEqual([
        "r2",
        "r1",
        "r0",
      ]);
    });
  });
});
