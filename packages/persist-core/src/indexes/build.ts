/**
 * Building indexes while others go on writing: a walk through the collection by key, which gives each record its entries. A record that was written since the index
 * was declared has them already, and the walk passes it by.
 *
 * Any number of processes may walk at once. A step is one commit, conditional on the place that the walk had reached, so of several only one counts, and the others
 * go on behind it. Whoever dies leaves the place behind, for whoever declares the same next.
 */
import { beginCall, type Call } from "../calls.ts";
import { foundBy } from "../conflicts.ts";
import type { IndexEntry, KeyRange, Op, ReindexOp, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { prefixEnd } from "../keys.ts";
import { type Catalog, type CatalogCache, catalogKey, catalogPut, type IndexDefinition } from "./catalog.ts";
import { entriesOf } from "./entries.ts";
import { hasTuple } from "./tuples.ts";
import { parseWalk, walkEnd, walkKey, walkPut } from "./walks.ts";

/** Records in one step: they are held in memory, and their commit keeps others waiting. */
const stepSize = 100;
/** After a step that failed, in milliseconds. */
const firstPause = 1000;
const longestPause = 60_000;

export interface Builder {
  /** Builds what there is to build in the collection, in the background, until the store is closed. */
  start(collection: string): void;
}

export function createBuilder(live: Gate, catalog: CatalogCache): Builder {
  /** Collections that are being walked through, and whether to look once more at the end. */
  const walking = new Map<string, { again: boolean }>();

  const walk = async (collection: string, state: { again: boolean }) => {
    let failures = 0;
    while (state.again) {
      try {
        state.again = false;
        // Each step is in flight by itself: closing waits for it, and none begins afterwards.
        while (await live.track(takeStep(live, catalog, collection))) {
          failures = 0;
          await pause(0); // everybody else first
        }
      } catch (error) {
        if (PersistError.is(error, "CLOSED")) break;
        state.again = true;
        await pause(Math.min(longestPause, firstPause * 2 ** failures++));
      }
    }
    walking.delete(collection); // at once: whoever starts now must not think that somebody walks
  };

  return {
    start(collection) {
      const present = walking.get(collection);
      if (present !== undefined) {
        present.again = true;
        return;
      }
      const state = { again: true };
      walking.set(collection, state);
      void walk(collection, state);
    },
  };
}

/** Whether another step may follow. */
async function takeStep(live: Gate, catalog: CatalogCache, collection: string): Promise<boolean> {
  const call = beginCall("records.collection", undefined, undefined);
  const [row, place] = await live.read("system", [catalogKey, walkKey(collection)], call);
  const current = catalog.note(row);
  const definitions = current.collections.get(collection) ?? [];
  if (place === undefined) return false;

  const page = await live.scan("records", rangeAfter(collection, parseWalk(place).after), call);
  const last = page.rows.at(-1);
  const progress: Op[] =
    page.more && last !== undefined
      ? [
          { op: "check", space: "system", key: catalogKey, ifVersion: current.version },
          walkPut(collection, last.key, live.version(), place.version),
        ]
      : [
          catalogPut(current, finished(current, collection), live.version()),
          walkEnd(collection, live.version(), place.version),
        ];
  await enter(live, current, collection, { progress, rows: page.rows, definitions }, call);
  return true;
}

interface Step {
  /** What has to hold, and what says how far the walk has come. */
  readonly progress: readonly Op[];
  readonly rows: readonly Row[];
  readonly definitions: readonly IndexDefinition[];
}

/** Gives the rows their entries, all in one commit, but for those that cannot have them. Where somebody else was faster, nothing happens. */
async function enter(
  live: Gate,
  current: Catalog,
  collection: string,
  { progress, rows, definitions }: Step,
  call: Call,
): Promise<void> {
  let ops = rows.map(
    ({ key, version, value }): ReindexOp => ({
      op: "reindex",
      space: "records",
      key,
      ifVersion: version,
      index: entriesOf(definitions, value),
    }),
  );
  for (;;) {
    try {
      await live.commit([...progress, ...ops], call);
      return;
    } catch (error) {
      const found = foundBy(error);
      if (found === undefined) throw error;
      const refused = ops[found.op - progress.length];
      if (refused === undefined) return; // the catalog or the walk has moved on
      if (found.index === undefined) {
        ops = ops.filter((op) => op !== refused); // written since, with its entries, or gone
      } else if (current.byId.get(found.index)?.state === "building") {
        await fail(live, current, collection, found.index, refused, ops, call);
        return;
      } else {
        ops = ops.map((op) => (op === refused ? without(op, found.index as string) : op));
      }
    }
  }
}

function without(op: ReindexOp, index: string): ReindexOp {
  return { ...op, index: op.index.filter((entry) => entry.index !== index) };
}

/** Says in the catalog which two records keep the index from being unique. Where the other one has just gone, the step is simply taken again. */
async function fail(
  live: Gate,
  current: Catalog,
  collection: string,
  index: string,
  refused: ReindexOp,
  ops: readonly ReindexOp[],
  call: Call,
): Promise<void> {
  const entry = refused.index.find((one) => one.index === index) as IndexEntry;
  const within = ops.find((op) => op !== refused && op.index.some((other) => hasTuple(other, entry)));
  const other = within?.key ?? (await holderOf(live, entry, refused.key, call));
  if (other === undefined) return;
  const shown = (key: string) => key.slice(collection.length + 1);
  const failed = (definition: IndexDefinition): IndexDefinition =>
    definition.id === index
      ? { ...definition, state: "failed", duplicates: [shown(other), shown(refused.key)] }
      : definition;
  const definitions = current.collections.get(collection)?.map(failed) ?? [];
  const next = new Map(current.collections).set(collection, definitions);
  try {
    await live.commit([catalogPut(current, next, live.version())], call);
  } catch (error) {
    if (foundBy(error) === undefined) throw error; // else the catalog has moved on
  }
}

/** The key of another record that stands where the entry would. */
async function holderOf(
  live: Gate,
  { index, tuple }: IndexEntry,
  own: string,
  call: Call,
): Promise<string | undefined> {
  const upper = new Uint8Array([...tuple, 0]); // the least tuple that is greater
  const range = { by: "index", index, lower: tuple, upper, reverse: false, limit: 2, keysOnly: true } as const;
  const { rows } = await live.scan("records", range, call);
  return rows.find(({ key }) => key !== own)?.key;
}

/** At the end of the walk every record has its entries. */
function finished(current: Catalog, collection: string): Map<string, readonly IndexDefinition[]> {
  const definitions = current.collections.get(collection) ?? [];
  const ready = definitions.map(
    (one): IndexDefinition => (one.state === "building" ? { ...one, state: "ready" } : one),
  );
  return new Map(current.collections).set(collection, ready);
}

function rangeAfter(collection: string, after: string | undefined): KeyRange {
  const prefix = `${collection}/`;
  const end = prefixEnd(prefix);
  return {
    by: "key",
    lower: after === undefined ? { key: prefix, inclusive: true } : { key: after, inclusive: false },
    upper: end === undefined ? undefined : { key: end, inclusive: false },
    reverse: false,
    limit: stepSize,
    keysOnly: false,
  };
}

/** Keeps no process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    // Timers are numbers in browsers.
    if (typeof timer === "object") (timer as { unref(): void }).unref();
  });
}
