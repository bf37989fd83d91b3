import { deepStrictEqual } from "node:assert";
import { crowd, inCrowds, inTurn } from "../call-styles.ts";
import type { Value } from "../contender.ts";
import { type Lane, pickKeys } from "../lane.ts";
import { always, type Operation, type Work } from "../operation.ts";

// Values are replaced, so that the store stays as large as it is.

export const setInTurn: Operation = {
  name: "set, serial",
  writes: true,
  offeredBy: always,
  prepare: (lane, units) => prepareSets(lane, pickKeys(lane.keys, units, lane.random), inTurn),
};

export const setInCrowds: Operation = {
  name: `set, ${crowd} at once`,
  writes: true,
  offeredBy: always,
  prepare: (lane, units) => prepareSets(lane, pickKeys(lane.hotKeys, units * crowd, lane.random), inCrowds),
};

/** Nearly each of these changes another page of the file: what is measured is more the disk's cache than the library. */
export const setScattered: Operation = {
  name: `set of scattered keys, ${crowd} at once`,
  writes: true,
  offeredBy: always,
  prepare: (lane, units) => prepareSets(lane, pickKeys(lane.keys, units * crowd, lane.random), inCrowds),
};

function prepareSets(lane: Lane, keys: readonly string[], callAll: typeof inTurn): Work {
  const { contender, book } = lane;
  const entries = keys.map((key): [string, Value] => [key, lane.freshValue()]);
  return {
    count: keys.length,
    async perform() {
      await callAll(entries, ([key, value]) => contender.set(key, value));
    },
    async verify() {
      for (const [key, value] of entries) book.set(key, value);
      const written = [...new Set(keys)];
      const answers = await inCrowds(written, (key) => contender.get(key));
      for (const [i, key] of written.entries()) deepStrictEqual(answers[i], book.get(key));
    },
  };
}
