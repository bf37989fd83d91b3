import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseNeighbours } from "../../src/network/neighbours.ts";

const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 60 });

test("all are connected, by few links each, and both sides choose alike", () => {
  fc.assert(
    fc.property(ids, (peers) => {
      const chosen = new Map(
        peers.map((peer) => [
          peer,
          chooseNeighbours(
            peer,
            peers.filter((other) => other !== peer),
          ),
        ]),
      );
      for (const [peer, neighbours] of chosen) {
        expect(neighbours.has(peer)).toBe(false);
        expect(neighbours.size).toBeLessThanOrEqual(24);
        for (const other of neighbours) expect(chosen.get(other)?.has(peer)).toBe(true);
      }
      const reached = new Set<string>();
      const queue = peers.slice(0, 1);
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        if (reached.has(next)) continue;
        reached.add(next);
        queue.push(...(chosen.get(next) ?? []));
      }
      expect(reached.size).toBe(peers.length);
    }),
  );
});
