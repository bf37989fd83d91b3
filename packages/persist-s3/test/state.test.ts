import { PersistError } from "@cuitty/persist-core";
import { expect, test } from "vitest";
import { fateOf, isPlainSize, readEnvelope, replacing, type State, writeEnvelope } from "../src/state.ts";

const row = { version: "v2", createdAt: 1, updatedAt: 2, value: '{"a":[1,"é"]}' };
const states: readonly State[] = [
  row,
  { ...row, before: ["v1"], expiresAt: 5, index: [{ index: "i", tuple: "ab", tag: "t" }] },
  { ...row, value: '{"__proto__":{"x":1}}' },
  { version: "v3", before: ["v2"], deletedAt: 4 },
  { version: "v3", deletedAt: 4, reason: "expired" },
];
const lock = { commit: "c", keys: 2, slot: 7 };

test("what is written is read, with a lock and without", () => {
  for (const state of states) {
    for (const envelope of [{ state }, { state, lock, pending: row }, { state: undefined, lock, pending: state }]) {
      const read = readEnvelope(writeEnvelope({ key: "k", ...envelope }, "kv/k"), "kv/k");
      expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(envelope)));
    }
  }
});

test("the length tells whether there is a plain row", () => {
  const sizeOf = (envelope: Parameters<typeof writeEnvelope>[0]) => Buffer.byteLength(writeEnvelope(envelope, "kv/k"));
  const plain = states.map((state) => isPlainSize(sizeOf({ key: "k", state })));
  expect(plain).toEqual([true, false, true, false, false]);
  for (const state of states) expect(isPlainSize(sizeOf({ key: "k", state, lock, pending: row }))).toBe(false);
});

test("a key is kept where the object's is cut, and told with it", () => {
  const text = writeEnvelope({ key: "long", state: row }, "kv/lo~~0123");
  expect(readEnvelope(text, "kv/lo~~0123").key).toBe("long");
});

test("what is no envelope is CORRUPT, and names the object", () => {
  for (const text of ["", "[]", "{}", "null", '{"version":1}', '{"version":"v","createdAt":1}', '{"lock":{}}']) {
    expect(() => readEnvelope(text, "kv/k")).toThrow(
      expect.objectContaining({ name: PersistError.name, code: "CORRUPT", message: expect.stringContaining("kv/k") }),
    );
  }
});

test("the fate of a write is known as long as not too many have come since", () => {
  const base: State = { version: "v0", createdAt: 0, updatedAt: 0, value: "0" };
  const chain = (...versions: string[]): State =>
    versions.reduce<State>((state, version) => replacing({ ...base, version }, state, 0), base);
  const fate = (now: State, replaced: string | undefined = "v0", age = 1000) => fateOf(now, "ours", replaced, age);
  expect(fate(chain("ours"))).toBe("applied");
  expect(fate(chain("ours", "a", "b"))).toBe("applied");
  expect(fate(chain("a", "b"))).toBe("not-applied");
  expect(fate(base)).toBe("not-applied");
  expect(fate(undefined, undefined)).toBe("not-applied");
  expect(fate(chain("a"), undefined)).toBe("not-applied");
  const others = Array.from({ length: 100 }, (_, i) => `o${i}`);
  expect(fate(chain("ours", ...others))).toBe("unknown");
  // Of long ago nothing is told, but what it was to replace.
  const later = replacing({ ...base, version: "later", updatedAt: 100_000 }, chain("a", "b"), 100_000);
  expect(fate(later, "v0", 90_000)).toBe("unknown");
  expect(fate(later, "b", 90_000)).toBe("not-applied");
});
