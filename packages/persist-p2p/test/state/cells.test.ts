import { addNumber, encode } from "@cuitty/persist-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addToCells, type Cell, maxCells, mergeCells, valueOfCells } from "../../src/state/cells.ts";

const writer = (n: number) => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, n);
  return bytes;
};

function add(base: string | undefined, cells: readonly Cell[], by: number, n = 1): readonly Cell[] {
  const next = addToCells(base, cells, { writer: writer(n), by });
  if (!Array.isArray(next)) throw new Error(`It gave ${String(next)}.`);
  return next;
}

describe("cells", () => {
  it("of one writer calculate as every other backend does, bit for bit", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(
        fc.option(fc.double(), { nil: undefined }),
        fc.array(number, { minLength: 1 }),
        (start, additions) => {
          const base = start === undefined ? undefined : encode(start);
          let cells: readonly Cell[] = [];
          let expected = base;
          for (const by of additions) {
            cells = add(base, cells, by);
            expected = addNumber(expected, by);
            expect(valueOfCells(base, cells)).toBe(expected);
          }
        },
      ),
    );
  });

  it("of many writers add up exactly, in whatever order they meet", () => {
    const step = fc.record({
      at: fc.nat(3),
      by: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      from: fc.option(fc.nat(3), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { minLength: 1, maxLength: 40 }), (start, steps) => {
        const base = encode(start);
        const peers: (readonly Cell[])[] = [[], [], [], []];
        for (const { at, by, from } of steps) {
          if (from !== undefined) peers[at] = mergeCells(peers[at] ?? [], peers[from] ?? []).is;
          peers[at] = add(base, peers[at] ?? [], by, at);
        }
        const all = peers.reduce((a, b) => mergeCells(a, b).is);
        const reversed = peers.reduceRight((a, b) => mergeCells(a, b).is);
        const total = steps.reduce((sum, { by }) => sum + by, start);
        const writers = new Set(steps.map(({ at }) => at)).size;
        if (writers > 1) expect(valueOfCells(base, all)).toBe(encode(total));
        expect(reversed).toEqual(all);
        expect(mergeCells(all, peers[0] ?? []).is).toBe(all);
        expect(mergeCells(peers[0] ?? [], all).is).toEqual(all);
      }),
    );
  });

  it("begin anew where there are too many, and never on what is no number", () => {
    let cells: readonly Cell[] = [];
    for (let n = 0; n < maxCells; n++) cells = add("0", cells, 1, n);
    expect(valueOfCells("0", cells)).toBe(String(maxCells));
    expect(addToCells("0", cells, { writer: writer(maxCells), by: 1 })).toBe("rebase");
    expect(add("0", cells, 1, 0)).toHaveLength(maxCells);
    expect(addToCells('"x"', [], { writer: writer(0), by: 1 })).toBeUndefined();
  });
});
