/** Queries as they are run: planned when they are first read, found page by page. */
import type { Plan } from "../api/queries.ts";
import type { MaybePromise } from "../contract.ts";
import { findAnyOrder, findInOrder } from "./by-index.ts";
import { findByKey } from "./by-key.ts";
import type { ReadyIndex } from "./indexes.ts";
import type { Place } from "./order.ts";
import { placeToText, textToPlace } from "./place.ts";
import { chooseIndex, type IndexPlan } from "./plan.ts";
import type { ParsedQuery } from "./query.ts";
import type { Finding, Hit, Reading } from "./reading.ts";
import { findSorted } from "./sorted.ts";

export interface Run {
  /** At most `count` hits beyond the place, and the place of the last of them, unless it is the end. */
  read(after: string | undefined, count: number): Promise<HitPage>;
  /** How it was read, and what that has cost until now. */
  plan(): Plan;
}

export interface HitPage {
  readonly hits: readonly Hit[];
  readonly after: string | undefined;
}

export interface RunOptions {
  readonly reading: Reading;
  readonly indexes: RunIndexes;
  /** Only how many there are matters. */
  readonly anyOrder: boolean;
}

/** As `IndexSource` has them for the prefix of the query. */
export interface RunIndexes {
  known(): readonly ReadyIndex[] | undefined;
  fresh(): MaybePromise<readonly ReadyIndex[]>;
}

export function createRun({ reading, indexes, anyOrder }: RunOptions): Run {
  const { query } = reading;
  const usesIndexes = query.where !== undefined || query.order.paths.length > 0;
  /** What the plan was chosen from. */
  let ready: readonly ReadyIndex[] | undefined;
  let plan: IndexPlan | undefined;
  let finding: Finding | undefined;
  let waiting: readonly Hit[] = [];
  let more = true;
  let last: string | undefined;

  const planFrom = (list: readonly ReadyIndex[] | undefined) => {
    ready = list;
    plan = list && chooseIndex(query.where?.required ?? [], query.order, list);
    reading.index = plan?.index.name;
  };

  /** What this process knows is enough where an index helps: the gate asks the store about it after each page. */
  const choose = async () => {
    if (!usesIndexes) return;
    planFrom(indexes.known());
    if (plan === undefined) planFrom(await indexes.fresh());
  };

  /** Without an order there is no place from which another plan could go on. */
  const mayReplan = (after: string | undefined) => plan !== undefined && !(anyOrder && after !== undefined);
  const isKnown = () => indexes.known()?.some(({ id }) => id === plan?.index.id) === true;

  /** Goes on where it stands; anew where it has to start elsewhere, or where its index is known to be no more. */
  const start = async (after: string | undefined) => {
    if (finding !== undefined && after === last && (!mayReplan(after) || isKnown())) return finding;
    await choose();
    waiting = [];
    more = true;
    const from = after === undefined ? undefined : textToPlace(after, query.order);
    finding = find(reading, plan, from, anyOrder);
    return finding;
  };

  const readOn = async (after: string | undefined, count: number): Promise<HitPage> => {
    reading.wanted = count;
    const found = await start(after);
    while (waiting.length < count && more) {
      const step = await found.next();
      if (step.done === true) more = false;
      else {
        waiting = waiting.length === 0 ? step.value.hits : [...waiting, ...step.value.hits];
        more = step.value.more;
        reading.wanted = Math.max(1, count - waiting.length);
      }
    }
    const hits = waiting.length > count ? waiting.slice(0, count) : waiting;
    waiting = waiting.length > count ? waiting.slice(count) : [];
    const end = hits.at(-1);
    const goesOn = end !== undefined && (more || waiting.length > 0);
    last = goesOn ? placeToText(query.order.placeOf(end.row.key, end.document)) : undefined;
    return { hits, after: last };
  };

  return {
    async read(after, count) {
      for (;;) {
        try {
          return await readOn(after, count);
        } catch (error) {
          finding = undefined; // who asks again starts again
          // What went wrong by an index that is no more may go well by what is known since.
          if (!mayReplan(after) || indexes.known() === ready) throw error;
          reading.left = query.maxScan;
        }
      }
    },
    plan: () => ({ ...howRead(query, plan), entriesRead: reading.entriesRead, requests: reading.requests }),
  };
}

function find(reading: Reading, plan: IndexPlan | undefined, from: Place | undefined, anyOrder: boolean): Finding {
  if (plan === undefined) {
    const sorts = reading.query.order.paths.length > 0 && !anyOrder;
    return sorts ? findSorted(reading, findByKey(reading, undefined), from) : findByKey(reading, from);
  }
  if (anyOrder) return findAnyOrder(reading, plan, false);
  const { order } = plan;
  if (order !== undefined) return findInOrder(reading, { ...plan, order }, from);
  return findSorted(reading, findAnyOrder(reading, plan, true), from);
}

function howRead({ where, order }: ParsedQuery, plan: IndexPlan | undefined): Pick<Plan, "plan" | "index"> {
  if (plan !== undefined) return { plan: "index", index: plan.index.name };
  return { plan: where === undefined && order.paths.length === 0 ? "key" : "scan" };
}
