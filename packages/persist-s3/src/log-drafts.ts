/** The appends and erasures of lists, judged one after the other by the log that they would be part of. */
import { type Answer, type EventRow, type Op, siblingsOf } from "@cuitty/persist-core";
import { draftAppend, draftErasure, eventsOf } from "./appends.ts";
import type { Patience } from "./bucket.ts";
import type { LogView } from "./deciding.ts";
import { eventsAfter } from "./events.ts";
import type { Parts } from "./parts.ts";
import { type Batch, type Erasure, firstVersionOf, type Head } from "./slots.ts";
import { headRow } from "./streams.ts";
import type { IdPlace } from "./tail.ts";

export interface LogDraft {
  readonly batches: readonly Batch[];
  readonly erasures: readonly Erasure[];
  /** Of lists that have to do with the log, by their numbers: answers by operation, or the operation that does not hold. */
  readonly byList: ReadonlyMap<
    number,
    { readonly answers: ReadonlyMap<number, Answer> } | { readonly conflict: number }
  >;
  /** The first list that does not hold. */
  readonly refused: { readonly list: number; readonly op: number } | undefined;
}

type Heads = Map<string, Head>;

export async function draftAppends(
  parts: Parts,
  lists: readonly (readonly [number: number, list: readonly Op[]])[],
  view: LogView,
  o: Patience & { readonly now: number },
): Promise<LogDraft> {
  const batches: Batch[] = [];
  const erasures: Erasure[] = [];
  const byList = new Map<number, { answers: Map<number, Answer> } | { conflict: number }>();
  let refused: LogDraft["refused"];
  let heads: Heads = new Map();
  let position = view.position;

  for (const [number, list] of lists) {
    if (!list.some(isLogged)) continue;
    const own: ListDraft = { batches: [], erasures: [], answers: new Map(), heads: new Map(heads), position };
    const before = [...batches];
    const op = await draftList(parts, list, { ...view, position }, heads, before, own, o);
    if (op !== undefined) {
      byList.set(number, { conflict: op });
      refused ??= { list: number, op };
      continue;
    }
    batches.push(...own.batches);
    erasures.push(...own.erasures);
    ({ heads, position } = own);
    byList.set(number, { answers: own.answers });
  }
  return { batches, erasures, byList, refused };
}

/** Whether it is judged by the log. */
export const isLogged = (op: Op): boolean =>
  op.op === "append" || op.op === "erase" || (op.op === "check" && op.space === "streams");

interface ListDraft {
  readonly batches: Batch[];
  readonly erasures: Erasure[];
  readonly answers: Map<number, Answer>;
  heads: Heads;
  position: number;
}

/** Adds to the draft, or answers which operation does not hold. Conditions are judged by what is there before the list. */
async function draftList(
  parts: Parts,
  list: readonly Op[],
  view: LogView,
  heads: ReadonlyMap<string, Head>,
  batches: readonly Batch[],
  draft: ListDraft,
  o: Patience & { readonly now: number },
): Promise<number | undefined> {
  const siblings = siblingsOf(list);
  const known = new Map(batches.flatMap(idsOf));
  const before: LogView = {
    ...view,
    tail: {
      ...view.tail,
      head: (stream) => heads.get(stream) ?? view.tail.head(stream),
      id: (stream, id) => known.get(`${stream}\0${id}`) ?? view.tail.id(stream, id),
      decisionOf: view.tail.decisionOf,
    },
  };
  const pending: EventRow[] = batches.flatMap((batch) => eventsOf(batch, view.time, 0));
  const append = { ...parts, eventsAfter: (from: number, p: Patience) => eventsAfter(parts, from, p) };
  for (const [number, op] of list.entries()) {
    if (op.op === "check" && op.space === "streams") {
      if (op.ifVersion !== (await streamVersion(parts, op.key, before, o))) return number;
    } else if (op.op === "append") {
      if (siblings.repeatsIds(op.stream)) return number;
      const drafted = await draftAppend(append, op, before, pending, o);
      if (drafted.outcome === "conflict") return number;
      if (drafted.draft === undefined) draft.answers.set(number, { appended: drafted.answer });
      else addBatch(draft, number, moved(drafted.draft, draft.heads.get(op.stream), draft.position));
    } else if (op.op === "erase") {
      const drafted = await draftErasure(parts, op, before, o.now, o);
      if (drafted.outcome === "conflict") return number;
      draft.answers.set(number, { existed: drafted.answer });
      if (drafted.draft === undefined) continue;
      draft.erasures.push(drafted.draft);
      draft.heads.set(op.stream, drafted.draft.head);
    }
  }
  return undefined;
}

/** The batch behind what the same list has appended already. */
function moved(batch: Batch, head: Head | undefined, position: number): Batch {
  const count = batch.events.length;
  const version = head === undefined ? batch.head.version : head.version + count;
  return {
    ...batch,
    position: position + 1,
    head: { ...batch.head, version, position: position + count, first: head?.first ?? batch.head.first },
  };
}

function addBatch(draft: ListDraft, number: number, batch: Batch): void {
  const { version, position } = batch.head;
  draft.batches.push(batch);
  draft.heads.set(batch.stream, batch.head);
  draft.position = position;
  draft.answers.set(number, { appended: { version, position, duplicate: false } });
}

function idsOf(batch: Batch): [string, IdPlace][] {
  const first = firstVersionOf(batch);
  return batch.events.map(({ id }, i) => [
    `${batch.stream}\0${id}`,
    { version: first + i, position: batch.position + i, slot: 0 },
  ]);
}

/** Under the empty key, that of the whole log. */
async function streamVersion(parts: Parts, stream: string, view: LogView, o: Patience): Promise<string | null> {
  if (stream === "") return view.position === 0 ? null : String(view.position);
  const head = await parts.streams.head(stream, view.tail, o);
  return head === undefined ? null : headRow(stream, head).version;
}
