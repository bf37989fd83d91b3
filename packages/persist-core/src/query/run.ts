/** Queries as they are run: planned when they are first read, found page by page. */
import type { Plan } from "../api/queries.ts";
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
  read(after: string | undefined, count: number): Promise<{ hits: readonly Hit[]; after: string | undefined }>;
  /** How it was read, and what that has cost until now. */
  plan(): Plan;
}

export interface RunOptions {
  readonly reading: Reading;
  readonly indexes: () => Promise<readonly ReadyIndex[]>;
  /** Only how many there are matters. */
  readonly anyOrder: boolean;
}

export function createRun({ reading, indexes, anyOrder }: RunOptions): Run {
  const { query } = reading;
  let plan: IndexPlan | undefined;
  let finding: Finding | undefined;
  let waiting: Hit[] = [];
  let more = true;
  let last: string | undefined;

  /** Goes on where it stands; anew where it has to start elsewhere, or where its index is no more. */
  const start = async (after: string | undefined) => {
    const ready = query.where === undefined && query.order.paths.length === 0 ? [] : await indexes();
    const isUsable = plan === undefined || ready.some(({ id }) => id === plan?.index.id);
    if (finding !== undefined && after === last && isUsable) return finding;
    plan = chooseIndex(query.where?.required ?? [], query.order, ready);
    reading.index = plan?.index.name;
    waiting = [];
    more = true;
    const from = after === undefined ? undefined : textToPlace(after, query.order);
    finding = find(reading, plan, from, anyOrder);
    return finding;
  };

  return {
    async read(after, count) {
      reading.wanted = count;
      const found = await start(after);
      try {
        while (waiting.length < count && more) {
          const step = await found.next();
          if (step.done === true) more = false;
          else {
            waiting.push(...step.value.hits);
            more = step.value.more;
            reading.wanted = Math.max(1, count - waiting.length);
          }
        }
      } catch (error) {
        finding = undefined; // who asks again starts again
        throw error;
      }
      const hits = waiting.splice(0, count);
      const end = hits.at(-1);
      last = end !== undefined && (more || waiting.length > 0) ? placeToText(end.place) : undefined;
      return { hits, after: last };
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
