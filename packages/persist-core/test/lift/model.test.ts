import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChangedRow, Engine, PersistAdapter } from "../../src/contract.ts";
import { createMemoryEngine } from "../../src/memory/engine.ts";
import { createState } from "../../src/memory/state.ts";
import { bareAdapter, folderAdapter, richAdapter, type Stored } from "./adapters.ts";
import { follow, plain, spaces } from "./dump.ts";
import { at, openLift } from "./open.ts";
import { commitsOf, eventRange, keys, listWith, range, streams } from "./operations.ts";

interface Backend {
  /** An adapter that has seen nothing, over the same data each time. */
  reopen(): PersistAdapter;
  end(): Promise<void>;
}

const nothing = async () => undefined;
const backends: [name: string, runs: number, create: () => Promise<Backend>][] = [
  [
    "four methods",
    80,
    async () => {
      const stored: Stored = new Map();
      return { reopen: () => bareAdapter(stored), end: nothing };
    },
  ],
  [
    "ordered listing and batches",
    80,
    async () => {
      const stored: Stored = new Map();
      return { reopen: () => richAdapter(stored, 8), end: nothing };
    },
  ],
  [
    "files",
    10,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "persist-lift-"));
      return { reopen: () => folderAdapter(folder), end: () => rm(folder, { recursive: true }) };
    },
  ],
];

const turn = fc.record({
  passes: fc.integer({ min: -5, max: 20 }), // clocks are set back, too
  lists: fc.array(listWith({ events: 70, steps: 5 }), { maxLength: 3 }),
  reopens: fc.boolean(),
  range,
  eventRange,
  limit: fc.integer({ min: 1, max: 10 }),
});

describe.each(backends)("over %s", (_, numRuns, create) => {
  test("a lifted adapter answers as the memory engine does", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 12 }), async (turns) => {
        const backend = await create();
        try {
          await runBoth(backend, turns);
        } finally {
          await backend.end();
        }
      }),
      { numRuns },
    );
  });
});

async function runBoth(
  backend: Backend,
  turns: readonly (typeof turn extends fc.Arbitrary<infer T> ? T : never)[],
): Promise<void> {
  const state = createState();
  const model = createMemoryEngine(state);
  let engine = await openLift(backend.reopen());
  let now = 1000;
  const cursors = new Map<boolean, string>();
  for (const { passes, lists, reopens, range: scanned, eventRange: walked, limit } of turns) {
    now += passes;
    const o = at(now);
    const [ops = []] = commitsOf(state, [lists], now, `${now}-`);
    expect(await engine.commit(ops, o)).toEqual(await model.commit(ops, o));
    if (reopens) {
      await engine.close();
      engine = await openLift(backend.reopen());
    }
    await sweepAll(engine, now); // at its own times, each reports what has expired
    await sweepAll(model, now);
    const looks: ((of: Engine) => unknown)[] = [
      ...spaces.map((space) => (of: Engine) => of.read(space, [...keys, ...streams, ""], o)),
      ...(scanned.by === "key" ? spaces : (["records"] as const)).map(
        (space) => (of: Engine) => of.scan(space, scanned, o),
      ),
      (of) => of.events(walked, o),
      (of) => of.events({ ...walked, stream: streams[0], ids: ["1", "2", "none", "many-40-33"] }, o),
      async (of) => sweptInAnyOrder((await follow(of, undefined, limit, now)).changes),
      async (of) => {
        const { changes, cursor } = await follow(of, cursors.get(of === model), limit, now);
        cursors.set(of === model, cursor);
        return sweptInAnyOrder(changes);
      },
    ];
    for (const look of looks) expect(plain(await look(engine))).toEqual(plain(await look(model)));
  }
  await engine.close();
}

/** Which of the rows that one sweep takes away goes first is up to the engine. */
function sweptInAnyOrder(changes: readonly Omit<ChangedRow, "cursor">[]) {
  const sweepOf = ({ reason, time }: Omit<ChangedRow, "cursor">, i: number) =>
    reason === "expired" ? `sweep at ${time}` : `change ${i}`;
  const runs: { sweep: string; changes: Omit<ChangedRow, "cursor">[] }[] = [];
  for (const [i, change] of changes.entries()) {
    const sweep = sweepOf(change, i);
    if (runs.at(-1)?.sweep !== sweep) runs.push({ sweep, changes: [] });
    runs.at(-1)?.changes.push(change);
  }
  const byVersion = (a: { version: string }, b: { version: string }) => (a.version < b.version ? -1 : 1);
  return runs.flatMap((run) => run.changes.sort(byVersion));
}

async function sweepAll(engine: Engine, now: number): Promise<void> {
  while ((await engine.sweep(at(now))).more);
}
