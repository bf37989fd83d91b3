import { deepStrictEqual } from "node:assert";
import { crowd, inCrowds } from "../call-styles.ts";
import type { Contender, Value } from "../contender.ts";
import { pickKeys } from "../lane.ts";
import type { Operation } from "../operation.ts";

/** Replaces documents; the first time it makes them. */
export const putInCrowds: Operation = {
  name: `record put, ${crowd} at once`,
  writes: true,
  offeredBy: ({ documents }) => documents !== undefined,
  prepare(lane, units) {
    const documents = lane.contender.documents as NonNullable<Contender["documents"]>;
    const keys = pickKeys(lane.hotKeys, units * crowd, lane.random);
    const entries = keys.map((key): [string, Value] => [key, lane.freshValue()]);
    return {
      count: keys.length,
      async perform() {
        await inCrowds(entries, ([key, value]) => documents.set(key, value));
      },
      async verify() {
        const last = new Map(entries);
        deepStrictEqual(await inCrowds([...last.keys()], (key) => documents.get(key)), [...last.values()]);
      },
    };
  },
};
