import { createHash } from "node:crypto";
import { encode } from "@cuitty/persist-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conflictsOf, headsOf, mergeDocuments, updateDocument } from "../../src/state/document.ts";
import { canonical, codecValue } from "./codec-values.ts";

const stamp = new Uint8Array(24).fill(7);
const writer = (n: number) => new Uint8Array(16).fill(n);

function update(before: { document?: Uint8Array; value: string }, next: string, by: number): Uint8Array {
  const after = updateDocument({ stamp, ...before }, next, { writer: writer(by) });
  if (after === "rebase") throw new Error("It asked for a new base.");
  return after.document;
}

/** What two concurrent updates of one base make. */
function both(base: unknown, first: unknown, second: unknown): { value: unknown; conflicts: unknown[] } {
  const value = encode(base);
  const a = update({ value }, encode(first), 1);
  const b = update({ value }, encode(second), 2);
  const merged = mergeDocuments(a, b);
  if (merged.relation !== "merged") throw new Error(`They are ${merged.relation}.`);
  const other = mergeDocuments(b, a);
  if (other.relation !== "merged") throw new Error(`They are ${other.relation}.`);
  expect(other.value).toBe(merged.value);
  expect(headsOf(other.document)).toEqual(headsOf(merged.document));
  const conflicts = conflictsOf(merged.document);
  expect(conflictsOf(other.document)).toEqual(conflicts);
  return { value: JSON.parse(merged.value), conflicts: conflicts.map((text) => JSON.parse(text) as unknown) };
}

describe("concurrent updates", () => {
  it("of different fields survive, at any depth", () => {
    const base = { name: "x", tags: { a: 1, b: { c: 1, d: 2 } }, gone: true };
    const first = { name: "y", tags: { a: 1, b: { c: 1, d: 3 } }, gone: true };
    const second = { name: "x", tags: { a: 1, b: { c: 5, d: 2 }, e: {} } };
    expect(both(base, first, second)).toEqual({
      value: { name: "y", tags: { a: 1, b: { c: 5, d: 3 }, e: {} } },
      conflicts: [],
    });
  });

  it("of different items survive: edits, inserts and removals", () => {
    const item = (id: number, x = 0) => ({ id, x });
    const base = { list: [item(1), item(2), item(3), item(4)] };
    const first = { list: [item(0), item(1, 1), item(2), item(4)] };
    const second = { list: [item(1), item(2, 2), item(3), item(4), item(5)] };
    expect(both(base, first, second)).toEqual({
      value: { list: [item(0), item(1, 1), item(2, 2), item(4), item(5)] },
      conflicts: [],
    });
  });

  it("of one field leave one winner, and the loser among the conflicts, until the field is written again", () => {
    const { value, conflicts } = both(
      { a: 1, b: { c: 1 }, l: ["x"] },
      { a: 2, b: { c: 2 }, l: ["y"] },
      { a: 3, b: { c: 3 }, l: ["z"] },
    );
    const winner = value as { a: number; b: { c: number }; l: string[] };
    expect([2, 3]).toContain(winner.a);
    const lost = { a: 5 - winner.a, c: 5 - winner.b.c, l: winner.l[0] === "y" ? "z" : "y" };
    expect(conflicts).toHaveLength(3);
    expect(conflicts).toContainEqual({ ...winner, a: lost.a });
    expect(conflicts).toContainEqual({ ...winner, b: { c: lost.c } });
    expect(conflicts).toContainEqual({ ...winner, l: [lost.l] });

    const base = encode({ a: 1 });
    const merged = mergeDocuments(update({ value: base }, '{"a":2}', 1), update({ value: base }, '{"a":3}', 2));
    if (merged.relation !== "merged") throw new Error(merged.relation);
    expect(conflictsOf(merged.document)).toHaveLength(1);
    expect(conflictsOf(update(merged, '{"a":4}', 3))).toEqual([]);
  });

  it("of one field to the same value leave no conflict", () => {
    expect(both({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 2, b: 1 })).toEqual({ value: { a: 2, b: 1 }, conflicts: [] });
  });

  it("keep a negative zero, also where its text is not the codec's", () => {
    const value = '{"a":-0,"b":1}';
    const merged = mergeDocuments(update({ value }, '{"a":-0,"b":2}', 1), update({ value }, value, 2));
    expect(merged).toMatchObject({ value: encode({ a: -0, b: 2 }) });
  });

  it("may leave one key that looks like a tag of the codec, and is none", () => {
    const value = encode({ a: 1, b: 2, $d: "x" });
    const a = update({ value }, encode({ b: 2, $d: "x" }), 1);
    const merged = mergeDocuments(a, update({ value }, encode({ a: 1, $d: "x" }), 2));
    expect(merged).toMatchObject({ value: encode({ $d: "x" }) });
    expect(encode({ $d: "x" })).toBe('{"$$d":"x"}');
    if (merged.relation !== "merged") throw new Error(merged.relation);
    const again = update(merged, encode({ $d: "y" }), 3);
    expect(mergeDocuments(again, update(merged, encode({ $d: "x", e: 1 }), 4))).toMatchObject({
      value: encode({ $d: "y", e: 1 }),
    });
  });

  it("keep every value of the codec exactly", () => {
    fc.assert(
      fc.property(codecValue, codecValue, (first, second) => {
        const value = encode(first);
        const next = encode(second);
        const a = updateDocument({ stamp, value }, next, { writer: writer(1) });
        const b = updateDocument({ stamp, value }, value, { writer: writer(2) });
        fc.pre(a !== "rebase" && b !== "rebase");
        expect(mergeDocuments(a.document, b.document)).toMatchObject({ relation: "merged", value: canonical(next) });
      }),
      { numRuns: 300 },
    );
  });
});

describe("documents", () => {
  it("tell who descends from whom", () => {
    const value = '{"a":1}';
    const a = update({ value }, '{"a":2}', 1);
    const b = update({ document: a, value: '{"a":2}' }, '{"a":3}', 2);
    expect(mergeDocuments(a, a.slice())).toEqual({ relation: "equal" });
    expect(mergeDocuments(a, b)).toEqual({ relation: "second" });
    expect(mergeDocuments(b, a)).toEqual({ relation: "first" });
  });

  it("change with every update, even where only the order of keys does", () => {
    const value = '{"a":1,"b":2}';
    const a = update({ value }, value, 1);
    const b = update({ document: a, value }, '{"b":2,"a":1}', 1);
    expect(headsOf(b)).not.toEqual(headsOf(a));
    expect(mergeDocuments(a, b)).toEqual({ relation: "second" });
  });

  it("begin the same on every peer, and otherwise for another base", () => {
    const value = encode({ z: [1, { b: 1, a: "x" }], a: 1e300 });
    expect(update({ value }, value, 1)).toEqual(update({ value }, value, 1));
    const other = updateDocument({ stamp: new Uint8Array(24).fill(8), value }, value, { writer: writer(1) });
    expect(other).not.toEqual({ document: update({ value }, value, 1) });
  });

  it("ask for a new base where their history outgrows the value, and no sooner", () => {
    const random = (n: number) => createHash("sha512").update(String(n)).digest("base64");
    let value = encode({ text: random(0) });
    let document: Uint8Array | undefined;
    let updates = 0;
    for (;;) {
      const next = encode({ text: random(++updates) });
      const after = updateDocument({ stamp, value, document }, next, { writer: writer(1) });
      if (after === "rebase") break;
      expect(after.document.length).toBeLessThanOrEqual(4 * next.length + 4096);
      value = next;
      document = after.document;
    }
    expect(updates).toBeGreaterThan(30);
    expect(updates).toBeLessThan(100);
  });

  it("ask for a new base where there are many changes, however short", () => {
    let value = "0";
    let document: Uint8Array | undefined;
    let updates = 0;
    for (;;) {
      const next = String(++updates % 2);
      const after = updateDocument({ stamp, value, document }, next, { writer: writer(1) });
      if (after === "rebase") break;
      value = next;
      document = after.document;
    }
    expect(updates).toBe(501);
  });

  it("ask for a new base where the value is too large, or is not what they hold", () => {
    const o = { writer: writer(1) };
    expect(updateDocument({ stamp, value: "1" }, JSON.stringify("x".repeat(300_000)), o)).toBe("rebase");
    expect(updateDocument({ stamp, value: "1" }, JSON.stringify(Array(20_000).fill(0)), o)).toBe("rebase");
    const document = update({ value: '{"a":1}' }, '{"a":2}', 1);
    expect(updateDocument({ stamp, document, value: '{"b":{"c":1}}' }, '{"b":{"c":2}}', o)).toBe("rebase");
  });
});
