import { deepStrictEqual } from "node:assert";
import type { Contender, Entry } from "../contender.ts";
import { pick } from "../dataset.ts";
import { checkGroup, groupPrefixes, groupSize } from "../lane.ts";
import type { Operation } from "../operation.ts";

/** A tenth of the store, keys and values, by prefix. Rates count entries. */
export const listGroup: Operation = {
  name: `list of ${groupSize} by prefix`,
  writes: false,
  offeredBy: ({ list }) => list !== undefined,
  prepare({ contender, book, random }, units) {
    const prefixes = Array.from({ length: units }, () => pick(groupPrefixes, random));
    const sizes: number[] = [];
    let last: readonly Entry[] = [];
    const list = contender.list as NonNullable<Contender["list"]>;
    return {
      count: units * groupSize,
      async perform() {
        for (const prefix of prefixes) {
          last = await list(prefix);
          sizes.push(last.length);
        }
      },
      async verify() {
        deepStrictEqual(sizes, Array(units).fill(groupSize));
        checkGroup(last, prefixes.at(-1) as string, book);
      },
    };
  },
};
