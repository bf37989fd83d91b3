import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conflictsOf, headsOf, mergeDocuments, updateDocument } from "../../src/state/document.ts";
import { checkDocument } from "../../src/state/document-chunk.ts";
import { ReplicaRefusal } from "../../src/sync/replica.ts";

const stamp = new Uint8Array(24).fill(7);
const writer = (n: number) => new Uint8Array(16).fill(n);
const value = JSON.stringify({
  a: 1,
  f: 1.5,
  big: 1e300,
  n: null,
  t: true,
  text: "x".repeat(20),
  list: [
    { id: 1, x: 1 },
    { id: 2, x: 2 },
  ],
});

function update(next: string, by: number): Uint8Array {
  const after = updateDocument({ stamp, value }, next, { writer: writer(by) });
  if (after === "rebase") throw new Error("It asked for a new base.");
  return after.document;
}

function documents(): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const a = update(value.replace('"a":1', '"a":2'), 1);
  const b = update(value.replace('"a":1', '"a":3').replace('"x":2', '"x":7'), 2);
  const merged = mergeDocuments(a, b);
  if (merged.relation !== "merged") throw new Error(merged.relation);
  return [a, b, merged.document];
}

/** With the checksum that it should have. */
function signed(document: Uint8Array): Uint8Array {
  document.set(createHash("sha256").update(document.subarray(8)).digest().subarray(0, 4), 4);
  return document;
}

function onlyRefusals(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ReplicaRefusal)) throw error;
  }
}

function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(Math.floor(value / 128))];
}

/** A document of one column of operations. */
function documentOf(specification: number, column: Uint8Array): Uint8Array {
  const content = Buffer.concat([
    Buffer.from([1, 1, 0, 1]),
    Buffer.alloc(32),
    Buffer.from([0, 1, ...number(specification), ...number(column.length)]),
    column,
  ]);
  const head = [0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 0, ...number(content.length)];
  return signed(new Uint8Array(Buffer.concat([Buffer.from(head), content])));
}

describe("documents of others", () => {
  it("give refusals only, whatever bytes are changed", () => {
    const originals = documents();
    const change = fc.tuple(fc.nat(600), fc.nat(255));
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        changes,
        fc.boolean(),
        fc.nat(600),
        (original, edits, isSigned, cut) => {
          const document = original.slice(0, cut < 200 ? original.length - cut : original.length);
          for (const [place, byte] of edits) document[8 + (place % (original.length - 8))] = byte;
          if (isSigned && document.length > 8) signed(document);
          onlyRefusals(() => headsOf(document));
          onlyRefusals(() => checkDocument(document));
          onlyRefusals(() => conflictsOf(document));
          onlyRefusals(() => mergeDocuments(originals[0], document));
          onlyRefusals(() => mergeDocuments(document, originals[1]));
          updateDocument({ stamp, document, value }, '{"a":5}', { writer: writer(9) });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("are refused where a bit was lost on the way", () => {
    const [document] = documents();
    document[100] = (document[100] ?? 0) ^ 1;
    expect(() => checkDocument(document)).toThrow("checksum");
  });

  it("are refused before they are inflated to what no document may be", () => {
    const bomb = documentOf(0x5f, deflateRawSync(Buffer.alloc(50 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(52_000);
    expect(() => checkDocument(bomb)).toThrow("too large when inflated");
    const small = documentOf(0x5f, deflateRawSync(Buffer.alloc(3 * 1024 * 1024)));
    checkDocument(small);
  });

  it("are refused where a few bytes stand for millions of operations", () => {
    const millions = [0x80, 0xc2, 0xd7, 0x2f]; // a hundred, in LEB128
    const run = new Uint8Array([...millions, 1]);
    for (const kind of [1, 2, 3, 6]) {
      expect(() => checkDocument(documentOf(0x40 | kind, run))).toThrow("too many operations");
    }
    expect(() => checkDocument(documentOf(0x44, new Uint8Array(millions)))).toThrow("operations");
    expect(() => checkDocument(documentOf(0x42, new Uint8Array([0, ...millions])))).toThrow("operations");
  });

  it("add nothing where they cannot be loaded, and are made anew by the next update", () => {
    const [a, b] = documents();
    const unloadable = signed(Uint8Array.from(b, (byte, i) => (i === b.length - 40 ? byte ^ 0xff : byte)));
    expect(() => conflictsOf(unloadable)).toThrow(ReplicaRefusal);
    expect(mergeDocuments(a, unloadable)).toEqual({ relation: "first" });
    expect(mergeDocuments(unloadable, a)).toEqual({ relation: "second" });
    const o = { writer: writer(3) };
    expect(updateDocument({ stamp, document: unloadable, value }, '{"a":5}', o)).toBe("rebase");
  });

  it("that contradict one another leave one winner, the same in either order", () => {
    const actor = writer(1);
    const twice = (next: string) => {
      const after = updateDocument({ stamp, value }, next, { writer: actor });
      if (after === "rebase") throw new Error("It asked for a new base.");
      return after.document;
    };
    const [a, b] = [twice('{"a":5}'), twice('{"a":6}')];
    const [one, other] = [mergeDocuments(a, b).relation, mergeDocuments(b, a).relation];
    expect([one, other].sort()).toEqual(["first", "second"]);
  });
});
