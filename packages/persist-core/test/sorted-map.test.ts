import fc from "fast-check";
import { expect, it } from "vitest";
import { createSortedMap } from "../src/sorted-map.ts";

const key = fc.integer({ min: 0, max: 3000 });
const step = fc.oneof(
  fc.record({ set: key }),
  fc.record({ delete: key }),
  fc.record({ from: key, reverse: fc.boolean() }),
);

it("behaves as a sorted array", () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 3000 }), fc.array(step, { maxLength: 200 }), (start, steps) => {
      const map = createSortedMap<number, string>((a, b) => a - b);
      const model = new Map<number, string>();
      const set = (n: number) => {
        map.set(n, `v${n}`);
        model.set(n, `v${n}`);
      };
      start.forEach(set);
      for (const one of steps) {
        if ("set" in one) set(one.set);
        else if ("delete" in one) {
          map.delete(one.delete);
          model.delete(one.delete);
        } else {
          const all = [...model].sort(([a], [b]) => (one.reverse ? b - a : a - b));
          const expected = all.filter(([n]) => (one.reverse ? n <= one.from : n >= one.from));
          expect([...(one.reverse ? map.descend(one.from) : map.ascend(one.from))]).toEqual(expected);
        }
      }
      expect(map.size).toBe(model.size);
      expect([...map.ascend()]).toEqual([...model].sort(([a], [b]) => a - b));
      expect([...map.descend()]).toEqual([...model].sort(([a], [b]) => b - a));
    }),
    { numRuns: 100 },
  );
});

it("can be changed while it is walked", () => {
  const map = createSortedMap<number, number>((a, b) => a - b);
  for (let i = 0; i < 2000; i++) map.set(i, i);
  const seen: number[] = [];
  for (const [n] of map.ascend()) {
    seen.push(n);
    map.delete(n);
    map.delete(n + 1);
  }
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => 2 * i));
});
