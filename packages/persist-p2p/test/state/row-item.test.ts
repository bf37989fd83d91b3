import { encode } from "@cuitty/persist-core";
import { encode as cbor } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addToCells, valueOfCells } from "../../src/state/cells.ts";
import { updateDocument } from "../../src/state/document.ts";
import { decodeRow, encodeRow, type ReplicatedRow } from "../../src/state/row-item.ts";
import type { RowState } from "../../src/state/row-state.ts";
import { ReplicaRefusal } from "../../src/sync/replica.ts";
import { codecValue } from "./codec-values.ts";

const stamp = new Uint8Array(24).fill(7);
const writer = new Uint8Array(16).fill(1);
const plain: RowState = { stamp, value: '{"a":1}', version: "v-1", createdAt: 1, updatedAt: 2 };
const row: ReplicatedRow = { namespace: "", space: "records", key: "k", state: plain };

function documented(): RowState {
  const after = updateDocument({ stamp, value: '{"a":1}' }, '{"a":2}', { writer });
  if (after === "rebase") throw new Error("It asked for a new base.");
  return { ...plain, ...after, value: '{"a":2}' };
}

function counted(base: string | undefined, ...additions: readonly number[]): RowState {
  let cells: RowState["cells"] = [];
  for (const [i, by] of additions.entries()) {
    const next = addToCells(base, cells ?? [], { writer: new Uint8Array(16).fill(i + 1), by });
    if (!Array.isArray(next)) throw new Error(String(next));
    cells = next;
  }
  return { ...plain, value: valueOfCells(base, cells ?? []), base, cells };
}

/** The fields of a row as they are sent, to be spoilt. */
function sent(changes: Readonly<Record<number, unknown>> = {}, additions: readonly unknown[] = []): Uint8Array {
  const head = Buffer.concat([stamp, Buffer.from([0, 0])]);
  const fields: unknown[] = [head, 0, "", Buffer.from("k"), "v", Buffer.from("1"), ...additions];
  for (const [i, field] of Object.entries(changes)) fields[Number(i)] = field;
  return cbor(fields);
}

describe("encodeRow and decodeRow", () => {
  it("give back what they were given", () => {
    const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => !text.includes("\0"));
    const time = fc.integer({ min: 0, max: 2 ** 50 });
    const state = fc.record({
      stamp: fc.uint8Array({ minLength: 24, maxLength: 24 }),
      value: fc.option(
        codecValue.map((value) => encode(value)),
        { nil: undefined },
      ),
      version: fc.string({ maxLength: 40 }),
      createdAt: time,
      updatedAt: time,
      expiresAt: fc.option(time, { nil: undefined }),
    });
    const namespace = fc.constantFrom("", "tenant-1");
    const space = fc.constantFrom("records", "kv", "blobs" as const);
    fc.assert(
      fc.property(fc.record({ namespace, space, key, state }), (original) => {
        expect(decodeRow(encodeRow(original))).toEqual(original);
      }),
    );
  });

  it("keep a key that begins with a byte order mark", () => {
    expect(decodeRow(encodeRow({ ...row, key: "\ufeffk" })).key).toBe("\ufeffk");
  });

  it("give back documents, cells and what was said of the expiry", () => {
    const expiry = { stamp: new Uint8Array(24).fill(8), at: 99 };
    const rows: ReplicatedRow[] = [
      { ...row, state: documented() },
      { ...row, space: "kv", state: counted(undefined, 0.1) },
      { ...row, space: "kv", state: counted('{"$n":"-0"}', -0) },
      { ...row, space: "kv", state: counted("5", 1, 2, Number.MAX_VALUE, Number.MAX_VALUE) },
      { ...row, space: "kv", state: { ...counted("5", 1), expiry, expiresAt: 99 } },
      { ...row, space: "kv", state: { ...counted("5", 1), expiry: { ...expiry, at: undefined } } },
    ];
    for (const original of rows) expect(decodeRow(encodeRow(original))).toEqual(original);
  });

  it("refuse what no honest peer sends", () => {
    expect(decodeRow(sent())).toMatchObject({ key: "k", state: { value: "1" } });
    const { document } = documented();
    const cells = Buffer.alloc(40, 0);
    cells.writeDoubleBE(1, 16);
    const twice = Buffer.concat([cells, cells]);
    const kv = { 1: 1, 5: null };
    expect(decodeRow(sent(kv, [null, cells, null, null])).state.value).toBe("0");
    const refused: Record<string, Uint8Array> = {
      "no bytes": new Uint8Array(),
      "no array": cbor("x"),
      "too few fields": cbor([1, 2]),
      "a tag": Buffer.concat([Buffer.from([0xc1]), sent()]),
      "something behind it": Buffer.concat([sent(), Buffer.from([0])]),
      "an indefinite length": Buffer.concat([Buffer.from([0x9f]), sent().subarray(1), Buffer.from([0xff])]),
      "a number that is longer than needed": Buffer.concat([Buffer.from([0x98, 6]), sent().subarray(1)]),
      "a short stamp": sent({ 0: new Uint8Array(23) }),
      ...Object.fromEntries(
        Object.entries({
          "no times": "",
          "one time": "00",
          "a time too many": "00000000",
          "a time that ends early": "000201",
          "a time that is longer than needed": "00020001",
          "minus zero": "0080",
          "a time that is too large": "0007ffffffffffffff",
          "a time of eight bytes": "00080100000000000000",
        }).map(([what, times]) => [what, sent({ 0: Buffer.concat([stamp, Buffer.from(times, "hex")]) })]),
      ),
      "the system space": sent({ 1: 3 }),
      "a space by name": sent({ 1: "length" }),
      "a malformed namespace": sent({ 2: "a/b" }),
      "a namespace of another type": sent({ 2: 5 }),
      "an empty key": sent({ 3: Buffer.from("") }),
      "a long key": sent({ 3: Buffer.from("x".repeat(513)) }),
      "a key with NUL": sent({ 3: Buffer.from("a\0b") }),
      "a key that is not UTF-8": sent({ 3: new Uint8Array([0xff]) }),
      "a key as text": sent({ 3: "k" }),
      "a version of another type": sent({ 4: null }),
      "a long version": sent({ 4: "x".repeat(129) }),
      "a value that is not JSON": sent({ 5: Buffer.from("{") }),
      "an unknown tag": sent({ 5: Buffer.from('{"$x":1}') }),
      "a large value": sent({ 5: Buffer.from(`"${"x".repeat(1024 * 1024)}"`) }),
      "a deep value": sent({ 5: Buffer.from(`${"[".repeat(101)}${"]".repeat(101)}`) }),
      "a very deep value": sent({ 5: Buffer.from(`${"[".repeat(400_000)}${"]".repeat(400_000)}`) }),
      "a value of another type": sent({ 5: 1 }),
      "additions that are none": sent({}, [null, null, null, null]),
      "a document in kv": sent({ 1: 1 }, [document, null, null, null]),
      "a document of a tombstone": sent({ 5: null }, [document, null, null, null]),
      "a malformed document": sent({}, [new Uint8Array(20), null, null, null]),
      "a large document": sent({}, [new Uint8Array(256 * 1024 + 1), null, null, null]),
      "cells in records": sent({ 5: null }, [null, cells, null, null]),
      "cells beside a value": sent({ 1: 1 }, [null, cells, null, null]),
      "cells of no length": sent(kv, [null, cells.subarray(1), null, null]),
      "no cells": sent(kv, [null, new Uint8Array(), null, null]),
      "cells of one writer": sent(kv, [null, twice, null, null]),
      "a cell that never counted": sent(kv, [null, Buffer.alloc(40), null, null]),
      "a base that is no number": sent(kv, [null, cells, Buffer.from('"x"'), null]),
      "a base without cells": sent({ 1: 1 }, [null, null, Buffer.from("1"), null]),
      "a short stamp of an expiry": sent({}, [null, null, null, new Uint8Array(23)]),
      "an expiry of a tombstone": sent({ 5: null }, [null, null, null, stamp]),
    };
    for (const [what, bytes] of Object.entries(refused)) expect(() => decodeRow(bytes), what).toThrow(ReplicaRefusal);
  });

  it("refuse, or give back a row that can be sent, whatever bytes are changed", () => {
    const rows = [row, { ...row, state: documented() }, { ...row, space: "kv" as const, state: counted("5", 1, 2) }];
    const originals = rows.map(encodeRow);
    const edits = fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...originals), edits, (original, changes) => {
        const bytes = original.slice();
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        let decoded: ReplicatedRow;
        try {
          decoded = decodeRow(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ReplicaRefusal);
          return;
        }
        expect(decodeRow(encodeRow(decoded))).toEqual(decoded);
      }),
      { numRuns: 1000 },
    );
  });

  it("take values as deep as they may be", () => {
    const deep = `${'{"$m":[["k",'.repeat(99)}1${"]]}".repeat(99)}`;
    expect(decodeRow(sent({ 5: Buffer.from(deep) })).state.value).toBe(deep);
  });
});
