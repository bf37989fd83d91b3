import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CommitResult, Engine, Op, PersistAdapter } from "../../src/contract.ts";
import { chunkSize } from "../../src/lift/contents.ts";
import { createMemoryEngine } from "../../src/memory/engine.ts";
import { createState } from "../../src/memory/state.ts";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { dump, plain } from "./dump.ts";
import { type Fate, fated, isWrite } from "./faults.ts";
import { at, openLift, put } from "./open.ts";
import { commitsOf, listWith, type Step } from "./operations.ts";

type Over = (stored: Stored) => PersistAdapter;

const now = 1000;
const timeout = 120_000;
const adapters: [name: string, over: Over][] = [
  ["four methods", bareAdapter],
  ["ordered listing and batches", (stored) => richAdapter(stored, 6)],
];
const lists = fc.array(listWith({ events: 3, steps: 4 }), { minLength: 1, maxLength: 2 });
const work = fc.array(lists, { minLength: 1, maxLength: 4 });

describe.each(adapters)("over %s", (_, over) => {
  test("a process that dies at any write loses nothing acknowledged and halves nothing", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(work, async (steps) => {
        const rehearsed = await rehearse(steps);
        const checked = new Set<string>();
        const check = async (stored: Stored, acknowledged: number) => {
          const state = JSON.stringify([acknowledged, [...stored].sort()]);
          if (!checked.has(state)) await expectRecovery(over, stored, acknowledged, rehearsed);
          checked.add(state);
        };
        // What a death before a write leaves behind is what one after the write before it does.
        for (let n = 1, isOver = false; !isOver; n++) {
          const stored: Stored = new Map();
          const { acknowledged, died } = await runUntil(over(stored), rehearsed.commits, n);
          await check(stored, acknowledged);
          for (let m = 1, isRecovered = false; !isRecovered; m++) {
            const again: Stored = new Map(stored);
            isRecovered = !(await runUntil(over(again), [], m)).died;
            if (!isRecovered) await check(again, acknowledged);
          }
          isOver = !died;
        }
      }),
      { numRuns: 12 },
    );
  });

  test("a call that fails leaves nothing half, and nobody is told the wrong thing", { timeout }, async () => {
    const failure = fc.constantFrom<Fate>("fails", "fails though it happened");
    await fc.assert(
      fc.asyncProperty(work, failure, fc.integer({ min: 1, max: 5 }), async (steps, fate, duration) => {
        const { commits } = await rehearse(steps);
        const opening = 3;
        for (let n = opening + 1, isOver = false; !isOver; n++) {
          const stored: Stored = new Map();
          let calls = 0;
          const adapter = fated(over(stored), () => (++calls >= n && calls < n + duration ? fate : "works"));
          await runThroughFailures(over, stored, adapter, commits, () => calls >= n);
          isOver = calls < n;
        }
      }),
      { numRuns: 12 },
    );
  });
});

test("a process that dies at any write loses no blob, and what it leaves behind is swept", { timeout }, async () => {
  const day = 24 * 60 * 60 * 1000;
  for (let n = 1, isOver = false; !isOver; n++) {
    const stored: Stored = new Map();
    const seen: string[] = [];
    const { died } = await liveUntil(bareAdapter(stored), n, async (engine) => {
      for (const text of ["1", "2"]) {
        const { token } = await engine.bytes.stage(chunks(text), at(now));
        await engine.commit([[{ ...put("blobs", "b", text), content: token }]], at(now));
        seen.push(text);
      }
      await engine.commit([[{ op: "delete", space: "blobs", key: "b", version: "d" }]], at(now));
      seen.push("none");
    });
    isOver = !died;

    const engine = await openLift(bareAdapter(stored));
    const read = async (later: number) => {
      const [row] = await engine.read("blobs", ["b"], at(later));
      if (row === undefined) return "none";
      const bytes = await Array.fromAsync(engine.bytes.open(row, { offset: 0, length: 1e9 }, at(later)));
      const whole = new TextDecoder().decode(Buffer.concat(bytes));
      expect(whole === row.value.repeat(twoChunks)).toBe(true);
      return row.value;
    };
    const states = ["none", "1", "2", "none"];
    const found = await read(now);
    expect(states.slice(seen.length, seen.length + 2)).toContain(found);
    // A day later, nothing is left but what the row names.
    await engine.commit([[put("kv", "touched", "1")]], at(now + day));
    const left = () =>
      ["/bytes/", "/contents/"].map((area) => [...stored.keys()].filter((key) => key.includes(area)).length);
    await expect.poll(left).toEqual([found === "none" ? 0 : 2, 0]);
    expect(await read(now + day)).toBe(found);
  }
});

const twoChunks = chunkSize + 1;

async function* chunks(text: string) {
  yield new TextEncoder().encode(text.repeat(twoChunks));
}

interface Rehearsed {
  /** Each of one or more lists. */
  readonly commits: readonly Op[][][];
  /** What is to be seen before the first list, and after each. */
  readonly dumps: readonly unknown[];
}

async function rehearse(steps: readonly Step[][][]): Promise<Rehearsed> {
  const state = createState();
  const model = createMemoryEngine(state);
  const commits: Op[][][] = [];
  const dumps = [await dump(model, now)];
  for (const commit of commitsOf(state, steps, now)) {
    commits.push(commit);
    for (const list of commit) {
      await model.commit([list], at(now));
      dumps.push(await dump(model, now));
    }
  }
  return { commits, dumps };
}

/** Commits until write number n, which never happens. How many lists were acknowledged before. */
async function runUntil(adapter: PersistAdapter, commits: readonly Op[][][], n: number) {
  let acknowledged = 0;
  const { died } = await liveUntil(adapter, n, async (engine) => {
    for (const commit of commits) {
      await engine.commit(commit, at(now));
      acknowledged += commit.length;
    }
  });
  return { died, acknowledged };
}

/** Opens an engine and lives on it, until write number n, which never happens. */
async function liveUntil(adapter: PersistAdapter, n: number, live: (engine: Engine) => Promise<void>) {
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
  const life = openLift(mortal)
    .then(live)
    .then(() => false);
  return { died: await Promise.race([life, death.promise]) };
}

/** All of the acknowledged lists are there, and of those that were under way the first few; the rest can follow. */
async function expectRecovery(over: Over, stored: Stored, acknowledged: number, rehearsed: Rehearsed): Promise<void> {
  const { commits, dumps } = rehearsed;
  const copy: Stored = new Map(stored);
  const engine = await openLift(over(copy));
  const reached = matchAmong(await dump(engine, now), dumps.slice(acknowledged, acknowledged + 3));
  await engine.commit(commits.flat().slice(acknowledged + reached), at(now));
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
  for (const commit of commits) {
    const results = await attempt(engine, commit);
    if (!hasFailed()) {
      await model.commit(commit, at(now));
      continue;
    }
    const seen = await insist(() => dump(engine, now));
    if (results instanceof Error) expect(results).toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
    else await expectAnswers(model, commit, results, seen);
    expect(seen).toEqual(await dump(model, now));
    // As whoever opened the data now would see it.
    expect(await dump(await openLift(over(new Map(stored))), now)).toEqual(seen);
  }
  await engine.close();
  expect(await dump(await openLift(over(stored)), now)).toEqual(await dump(model, now));
}

/** Brings the model to where the engine is: as far as it has answered, and as many of the lists of unknown outcome as are seen. */
async function expectAnswers(
  model: Engine,
  commit: Op[][],
  results: readonly CommitResult[],
  seen: unknown,
): Promise<void> {
  const known = results.filter(({ outcome }) => outcome !== "unknown");
  expect(plain(known)).toEqual(plain(await model.commit(commit.slice(0, known.length), at(now))));
  for (const list of commit.slice(known.length)) {
    if (JSON.stringify(await dump(model, now)) === JSON.stringify(seen)) return;
    await model.commit([list], at(now));
  }
}

function matchAmong(found: unknown, dumps: readonly unknown[]): number {
  const text = JSON.stringify(found);
  const index = dumps.findIndex((one) => JSON.stringify(one) === text);
  if (index === -1) expect(found).toEqual(dumps[0]); // shows the difference
  return index;
}

async function attempt(engine: Engine, commit: readonly Op[][]): Promise<readonly CommitResult[] | Error> {
  try {
    return await engine.commit(commit, at(now));
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
