import { deepStrictEqual } from "node:assert";
import { crowd, inCrowds, inTurn } from "../call-styles.ts";
import { type Lane, pickKeys } from "../lane.ts";
import { always, type Operation, type Work } from "../operation.ts";

export const getInTurn: Operation = {
  name: "get, serial",
  writes: false,
  offeredBy: always,
  prepare: (lane, units) => prepareGets(lane, units, inTurn),
};

export const getInCrowds: Operation = {
  name: `get, ${crowd} at once`,
  writes: false,
  offeredBy: always,
  prepare: (lane, units) => prepareGets(lane, units * crowd, inCrowds),
};

function prepareGets(lane: Lane, count: number, callAll: typeof inTurn): Work {
  const { contender, book } = lane;
  const keys = pickKeys(lane.keys, count, lane.random);
  let answers: readonly unknown[] = [];
  return {
    count,
    async perform() {
      answers = await callAll(keys, (key) => contender.get(key));
    },
    async verify() {
      deepStrictEqual(answers.length, keys.length);
      for (const [i, key] of keys.entries()) deepStrictEqual(answers[i], book.get(key));
    },
  };
}
