// An answer that is lost after the server has done what was asked, at any request of a commit: the commit is told as what it is, and happens once.
import type { Engine, Op } from "@cuitty/persist-core";
import { expect, test } from "vitest";
import { startDouble } from "./buckets.ts";
import { append, at, commit, idsOf, openedOn, put, valuesOf } from "./engines.ts";

interface Work {
  readonly title: string;
  readonly before: readonly Op[];
  readonly ops: () => readonly Op[];
  see(engine: Engine): Promise<unknown>;
  readonly expected: unknown;
}

let count = 0;
const works: readonly Work[] = [
  {
    title: "adding to a number",
    before: [put("n", 1)],
    ops: () => [{ op: "add", space: "kv", key: "n", by: 1, version: `add${++count}` }],
    see: (engine) => valuesOf(engine, 3, "n"),
    expected: [2],
  },
  {
    title: "appending",
    before: [append("s", "e1")],
    ops: () => [append("s", "e2")],
    see: async (engine) => [await idsOf(engine, 3, "s"), await idsOf(engine, 3)],
    expected: [
      ["e1", "e2"],
      ["e1", "e2"],
    ],
  },
  {
    title: "several rows and events",
    before: [put("a", 1), put("b", 1)],
    ops: () => [put("a", 2), put("b", 2), append("s", "e1")],
    see: async (engine) => [await valuesOf(engine, 3, "a", "b"), await idsOf(engine, 3)],
    expected: [[2, 2], ["e1"]],
  },
];

for (const profile of ["aws", "ceph16"] as const) {
  for (const work of works) {
    test(`${work.title}, as ${profile}`, async () => {
      const double = await startDouble({ profile });
      for (let skip = 0, hit = true; hit; skip++) {
        await using opened = await openedOn(double, { prefix: `p${skip}` });
        const { engine } = opened;
        await commit(engine, 1, ...work.before);
        const fault = double.faults.add({ fault: { kind: "lose-reply" }, skip, times: 1 });
        expect((await commit(engine, 2, ...work.ops())).outcome).toBe("applied");
        expect(await work.see(engine)).toEqual(work.expected);
        await engine.sweep(at(3));
        hit = fault.hits > 0;
        fault.remove();
      }
    });
  }
}
