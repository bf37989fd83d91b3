/** Every plan gives the answer of a naive filter and sort. `QUERIES=100000` asks more of them. */
import { sqlite } from "@cuitty/persist-sqlite/adapter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAttempts } from "../../src/attempts.ts";
import { encode } from "../../src/codec.ts";
import type { Engine, IndexEntry, Op } from "../../src/contract.ts";
import { createRecords } from "../../src/facades/records.ts";
import { createLifecycle } from "../../src/lifecycle.ts";
import { lift } from "../../src/lift/engine.ts";
import { createLiveGate } from "../../src/live-gate.ts";
import { createMemoryEngine } from "../../src/memory/engine.ts";
import { createState } from "../../src/memory/state.ts";
import { tupleOf } from "../../src/query/indexes.ts";
import { createVersionSource } from "../../src/versions.ts";
import { bareAdapter, richAdapter } from "../lift/adapters.ts";
import { at, scope, version } from "../lift/open.ts";
import { answer } from "./naive.ts";
import { covered, type World, world } from "./random-queries.ts";

const perWorld = 20;
const wanted = Number(process.env.QUERIES ?? 2400);

const engines: readonly [name: string, open: () => Promise<Engine>][] = [
  ["memory", async () => createMemoryEngine(createState())],
  ["SQLite", openSqlite],
  ["four methods", async () => lift(bareAdapter(), scope)],
  ["ordered listing and batches", async () => lift(richAdapter(), scope)],
];

async function openSqlite(): Promise<Engine> {
  const adapter = await sqlite({ path: ":memory:" });
  const engine = (await adapter.engine?.(scope)) as Engine;
  return { ...engine, close: () => adapter.close?.() };
}

/** The entries as collections write them. */
async function fill(engine: Engine, { entries, indexes }: World): Promise<void> {
  const ops = entries.map(({ key, value }): Op => {
    const covering = key.startsWith(covered) ? indexes : [];
    const index = covering.flatMap(({ id, paths, unique }): IndexEntry[] => {
      const found = tupleOf(paths, value, unique);
      return found === undefined ? [] : [{ index: id, tuple: found.tuple, unique: false }];
    });
    return { op: "put", space: "records", key, value: encode(value), version: version(), index };
  });
  if (ops.length === 0) return;
  const [result] = await engine.commit([ops], at(0));
  expect(result?.outcome).toBe("applied");
}

function recordsOver(engine: Engine, { indexes }: World) {
  const lifecycle = createLifecycle("test");
  const gate = createLiveGate(engine, { now: () => 0, version: createVersionSource(), lifecycle });
  const ready = (prefix: string) => (prefix.startsWith(covered) ? indexes : []);
  return createRecords({
    gate,
    attempts: createAttempts(),
    scope: { indexes: { known: ready, fresh: ready } },
    collection: () => expect.unreachable(),
  });
}

async function check(engine: Engine, its: World, plans: Map<string, number>): Promise<void> {
  await fill(engine, its);
  const records = recordsOver(engine, its);
  for (const { batchSize, page, ...query } of its.queries) {
    const expected = answer(its.entries, query);
    const asked = { ...query, batchSize, maxScan: 1000 } as object;
    const keys = (entries: readonly { key: string }[]) => entries.map((entry) => entry.key);
    expect(keys(await records.list(asked).toArray())).toEqual(expected);
    const iterated: string[] = [];
    for await (const entry of records.list(asked)) iterated.push(entry.key);
    expect(iterated).toEqual(expected);
    expect(await records.count(asked)).toBe(expected.length);
    const { plan, index, entriesRead } = await records.explain(asked);
    plans.set(plan, (plans.get(plan) ?? 0) + 1);
    expect(entriesRead).toBeGreaterThanOrEqual(expected.length);
    expect(index === undefined).toBe(plan !== "index");

    const paged: string[] = [];
    const { limit, ...unlimited } = query;
    const all = answer(its.entries, unlimited);
    let cursor: string | undefined;
    do {
      const part = await records.list({ ...unlimited, batchSize, maxScan: 1000, limit: page, cursor } as object).page();
      if (part.cursor !== undefined) expect(part.items).toHaveLength(page);
      paged.push(...keys(part.items));
      cursor = part.cursor;
    } while (cursor !== undefined);
    expect(paged).toEqual(all);
  }
}

describe.each(engines)("queries over %s", (_, open) => {
  it("answer as a filter and a sort of all documents would, whatever indexes there are", {
    timeout: 600_000,
  }, async () => {
    const plans = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(world(perWorld), async (its) => {
        const engine = await open();
        try {
          await check(engine, its, plans);
        } finally {
          await engine.close();
        }
      }),
      { numRuns: Math.ceil(wanted / engines.length / perWorld) },
    );
    for (const plan of ["key", "index", "scan"]) expect(plans.get(plan) ?? 0).toBeGreaterThan(0);
  });
});
