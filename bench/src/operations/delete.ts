import { deepStrictEqual } from "node:assert";
import { inCrowds, inTurn } from "../call-styles.ts";
import type { Value } from "../contender.ts";
import { pickKeys } from "../lane.ts";
import { always, type Operation } from "../operation.ts";

/** Deletes entries. They come back after each round. */
export const deleteInTurn: Operation = {
  name: "delete, serial",
  writes: true,
  offeredBy: always,
  prepare(lane, units) {
    const { contender, book } = lane;
    const keys = pickKeys(lane.keys, units, lane.random);
    return {
      count: units,
      async perform() {
        await inTurn(keys, (key) => contender.delete(key));
      },
      async verify() {
        // unstorage says null.
        for (const answer of await inCrowds(keys, (key) => contender.get(key))) {
          deepStrictEqual(answer ?? undefined, undefined);
        }
        await inCrowds(keys, (key) => contender.set(key, book.get(key) as Value));
      },
    };
  },
};
