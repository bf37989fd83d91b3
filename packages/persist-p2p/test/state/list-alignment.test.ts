import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/state/document-values.ts";
import { alignLists } from "../../src/state/list-alignment.ts";

const stays = (before: readonly Json[], after: readonly Json[]) =>
  alignLists(before, after).flatMap(({ from, to }) => (from !== undefined && to !== undefined ? [[from, to]] : []));

describe("alignLists", () => {
  it("names every index of both once, in order", () => {
    const items = fc.array(fc.oneof(fc.nat(5), fc.record({ id: fc.nat(3), x: fc.nat(2) })), { maxLength: 130 });
    fc.assert(
      fc.property(items, items, (before, after) => {
        const steps = alignLists(before, after);
        expect(steps.flatMap(({ from }) => from ?? [])).toEqual([...before.keys()]);
        expect(steps.flatMap(({ to }) => to ?? [])).toEqual([...after.keys()]);
      }),
    );
  });

  it("keeps what was not touched where items come and go", () => {
    expect(stays([1, 2, 3, 4], [0, 1, 3, 4, 5])).toEqual([
      [0, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(stays([], [1])).toEqual([]);
  });

  it("finds an item that was edited beside one that was inserted, by what they have in common", () => {
    const before = [{ id: 1 }, { id: 2, done: false, title: "b" }, { id: 3 }];
    const after = [{ id: 1 }, { id: 9, done: false, title: "new" }, { id: 2, done: true, title: "b" }, { id: 3 }];
    expect(stays(before, after)).toEqual([
      [0, 0],
      [1, 2],
      [2, 3],
    ]);
  });

  it("finds the edits in long lists, too", () => {
    const before = Array.from({ length: 2000 }, (_, id) => ({ id, x: 0 }));
    const after = before.flatMap((item) => {
      if (item.id % 10 === 0) return [];
      return item.id % 10 === 5
        ? [
            { id: item.id, x: 1 },
            { id: -item.id, x: 2 },
          ]
        : [item];
    });
    const steps = alignLists(before, after);
    for (const { from, to } of steps) {
      if (from !== undefined && to !== undefined) expect(after[to]?.id).toBe(before[from]?.id);
    }
    expect(steps.filter(({ from, to }) => from !== undefined && to !== undefined)).toHaveLength(1800);
  });

  it("goes item by item where there is too much to compare and nothing stays", () => {
    const before = Array.from({ length: 300 }, (_, i) => i);
    const after = Array.from({ length: 301 }, (_, i) => -i - 1);
    expect(stays(before, after)).toEqual(before.map((_, i) => [i, i]));
  });
});
