import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CommitResult, Engine, Op, PersistAdapter } from "../../src/contract.ts";
import { createMemoryEngine } from "../../src/memory/engine.ts";
import { createState } from "../../src/memory/state.ts";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { dump, plain } from "./dump.ts";
import { type Fate, fated, isWrite } from "./faults.ts";
import { at, openLift } from "./open.ts";
import { commitsOf, listWith } from "./operations.ts";

const now = 1000;
const timeout = 120_000;
const adapters: [name: string, over: Over][] = [
  ["four methods", bareAdapter],
  ["ordered listing and batches", (stored) => richAdapter(stored, 6)],
];
const lists = fc.array(listWith({ events: 3, steps: 4 }), { minLength: 1, maxLength: 2 });
const work = fc.array(lists, { minLength: 1, maxLength: 4 });

type Over = (stored: Stored) => PersistAdapter;

describe.each(adapters)("over %s", (_, over) => {
  test("a process that dies at any write loses nothing acknowledged and halves nothing", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(work, async (commitLists) => {
        const { commits, dumps } = await rehearse(commitLists);
        // What a death before a write leaves behind is what one after the write before it does.
        for (let n = 1, isOver = false; !isOver; n++) {
          const stored: Stored = new Map();
          const { acknowledged, died } = await runUntil(over(stored), commits, n);
          await expectRecovery(over, stored, acknowledged, commits, dumps);
          for (let m = 1, isRecovered = false; !isRecovered; m++) {
            const again: Stored = new Map(stored);
            isRecovered = !(await runUntil(over(again), [], m)).died;
            if (!isRecovered) await expectRecovery(over, again, acknowledged, commits, dumps);
          }
          isOver = !died;
        }
      }),
      { numRuns: 20 },
    );
  });

  test("a call that fails leaves nothing half, and nobody is told the wrong thing", { timeout }, async () => {
    const failure = fc.constantFrom<Fate>("fails", "fails though it happened");
    await fc.assert(
      fc.asyncProperty(work, failure, fc.integer({ min: 1, max: 5 }), async (commitLists, fate, duration) => {
        const { commits } = await rehearse(commitLists);
        const opening = 3;
        for (let n = opening + 1, isOver = false; !isOver; n++) {
          const stored: Stored = new Map();
          let calls = 0;
          const adapter = fated(over(stored), () => (++calls >= n && calls < n + duration ? fate : "works"));
          await runThroughFailures(over, stored, adapter, commits, () => calls >= n);
          isOver = calls < n;
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** The commits with what they meet, and what is to be seen after each. */
async function rehearse(
  commitLists: Parameters<typeof commitsOf>[1],
): Promise<{ commits: Op[][][]; dumps: unknown[] }> {
  const state = createState();
  const model = createMemoryEngine(state);
  const commits: Op[][][] = [];
  const dumps = [await dump(model, now)];
  for (const ops of commitsOf(state, commitLists, now)) {
    commits.push(ops);
    await model.commit(ops, at(now));
    dumps.push(await dump(model, now));
  }
  return { commits, dumps };
}

/** Commits until write number n, which never happens. How many commits were acknowledged before. */
async function runUntil(adapter: PersistAdapter, commits: readonly Op[][][], n: number) {
  let acknowledged = 0;
  let writes = 0;
  const death = Promise.withResolvers<boolean>();
  const mortal = fated(adapter, (call) => {
    if (writes + (isWrite(call) ? 1 : 0) < n) {
      if (isWrite(call)) writes++;
      return "works";
    }
    // Others that are under way still arrive.
    setImmediate(() => death.resolve(true));
    return "hangs";
  });
  const life = async () => {
    const engine = await openLift(mortal);
    for (const ops of commits) {
      await engine.commit(ops, at(now));
      acknowledged++;
    }
    return false;
  };
  return { died: await Promise.race([life(), death.promise]), acknowledged };
}

async function expectRecovery(
  over: Over,
  stored: Stored,
  acknowledged: number,
  commits: readonly Op[][][],
  dumps: readonly unknown[],
): Promise<void> {
  const copy: Stored = new Map(stored);
  const engine = await openLift(over(copy));
  const found = await dump(engine, now);
  const isAhead = acknowledged < commits.length && JSON.stringify(found) !== JSON.stringify(dumps[acknowledged]);
  const reached = acknowledged + (isAhead ? 1 : 0);
  expect(found).toEqual(dumps[reached]);
  for (const ops of commits.slice(reached)) await engine.commit(ops, at(now));
  expect(await dump(engine, now)).toEqual(dumps.at(-1));
  await engine.close();
  expect(await dump(await openLift(over(copy)), now)).toEqual(dumps.at(-1));
}

/** After each commit the engine shows what it has answered, whatever failed. */
async function runThroughFailures(
  over: Over,
  stored: Stored,
  adapter: PersistAdapter,
  commits: readonly Op[][][],
  hasFailed: () => boolean,
): Promise<void> {
  const model = createMemoryEngine(createState());
  const engine = await openLift(adapter);
  for (const ops of commits) {
    const before = await dump(model, now);
    const results = await attempt(engine, ops);
    if (!hasFailed()) {
      await model.commit(ops, at(now));
      continue;
    }
    const seen = await insist(() => dump(engine, now));
    if (results instanceof Error) {
      expect(results).toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
      expect(seen).toEqual(before);
    } else if (results.some(({ outcome }) => outcome === "unknown")) {
      if (JSON.stringify(seen) !== JSON.stringify(before)) await model.commit(ops, at(now));
      expect(seen).toEqual(await dump(model, now));
    } else {
      expect(plain(results)).toEqual(plain(await model.commit(ops, at(now))));
      expect(seen).toEqual(await dump(model, now));
    }
    // As whoever opened the data now would see it.
    expect(await dump(await openLift(over(new Map(stored))), now)).toEqual(seen);
  }
  await engine.close();
  expect(await dump(await openLift(over(stored)), now)).toEqual(await dump(model, now));
}

async function attempt(engine: Engine, ops: readonly Op[][]): Promise<readonly CommitResult[] | Error> {
  try {
    return await engine.commit(ops, at(now));
  } catch (error) {
    return error as Error;
  }
}

async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      expect(error).toMatchObject({ code: "UNAVAILABLE" });
    }
  }
}
