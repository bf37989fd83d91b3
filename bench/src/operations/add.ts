import { deepStrictEqual } from "node:assert";
import { crowd, inCrowds } from "../call-styles.ts";
import type { Value } from "../contender.ts";
import { always, type Operation } from "../operation.ts";

/** Sets keys that are new. They go again after each round. */
export const addInCrowds: Operation = {
  name: `set of new keys, ${crowd} at once`,
  writes: true,
  offeredBy: always,
  prepare(lane, units) {
    const { contender } = lane;
    const entries = Array.from({ length: units * crowd }, (): [string, Value] => [lane.freshKey(), lane.freshValue()]);
    return {
      count: entries.length,
      async perform() {
        await inCrowds(entries, ([key, value]) => contender.set(key, value));
      },
      async verify() {
        const answers = await inCrowds(entries, ([key]) => contender.get(key));
        for (const [i, [, value]] of entries.entries()) deepStrictEqual(answers[i], value);
        await inCrowds(entries, ([key]) => contender.delete(key));
      },
    };
  },
};
