/** What a list makes of rows: judged by their states, with the states that they are to have. */
import {
  type AddOp,
  type Answer,
  addNumber,
  type CheckOp,
  type DeleteOp,
  type IfVersion,
  type Op,
  type PutOp,
  type ReindexOp,
  siblingsOf,
} from "@cuitty/persist-core";
import { storedEntries, uniqueKey, uniqueOf } from "./index-entries.ts";
import { isRowSpace, type Layout } from "./layout.ts";
import type { SlotChange } from "./slots.ts";
import { isRow, liveRow, type RowState, type State } from "./state.ts";
import { writeTuple } from "./tuples.ts";

export type RowOp = (PutOp | DeleteOp | AddOp | ReindexOp | CheckOp) & {
  readonly space: "records" | "kv" | "system";
};

export const isRowOp = (op: Op): op is RowOp => "space" in op && op.op !== "checkRange" && isRowSpace(op.space);

export const isBlobWrite = (op: Op): op is PutOp | DeleteOp =>
  (op.op === "put" || op.op === "delete") && op.space === "blobs";

export interface RowWrite {
  readonly key: string;
  readonly next: State;
}

export interface RowDraft {
  /** By place, what changes. */
  readonly writes: ReadonlyMap<string, RowWrite>;
  /** Of each operation; empty for those that are no row's. */
  readonly answers: Answer[];
  readonly changes: readonly SlotChange[];
}

export interface Conflict {
  readonly op: number;
  readonly index?: string | undefined;
}

export type Drafting = { readonly conflict: Conflict } | RowDraft;

/** `stateAt` knows every place of {@link placesOf}. Operations that it `skips` are judged elsewhere. */
export function draftRows(
  layout: Layout,
  list: readonly Op[],
  stateAt: (place: string) => State,
  now: number,
  skips: (op: RowOp) => boolean = () => false,
): Drafting {
  const siblings = siblingsOf(list);
  for (const [number, op] of list.entries()) {
    if (!isRowOp(op) || skips(op)) continue;
    const live = liveRow(stateAt(layout.row(op.space, op.key)), now);
    if (op.op === "add") {
      if (addNumber(live?.value, op.by) === undefined) return { conflict: { op: number } };
      continue;
    }
    if (!isMet(op, live)) return { conflict: { op: number } };
    if (op.op !== "put" && op.op !== "reindex") continue;
    const taken = op.index?.find((entry) => {
      if (!entry.unique) return false;
      if (siblings.contest(entry)) return true;
      const place = layout.row("unique", uniqueKey({ index: entry.index, tuple: writeTuple(entry.tuple) }));
      const holder = liveRow(stateAt(place), now)?.value;
      return holder !== undefined && holder !== JSON.stringify(op.key) && !siblings.writes(JSON.parse(holder));
    });
    if (taken !== undefined) return { conflict: { op: number, index: taken.index } };
  }

  const writes = new Map<string, RowWrite>();
  const changes: SlotChange[] = [];
  const held: RowWrite[] = [];
  const answers = list.map((op): Answer => {
    if (!isRowOp(op) || op.op === "check") return {};
    const place = layout.row(op.space, op.key);
    const present = stateAt(place);
    const { next, answer } = drafted(op, present, now);
    if (next === present || next === undefined) return answer;
    writes.set(place, { key: op.key, next });
    if (op.op !== "reindex") changes.push(changeOf(op, next));
    for (const entry of uniqueOf(present)) {
      const key = uniqueKey(entry);
      const holder = stateAt(layout.row("unique", key));
      // Of a record that has expired, another one may have it by now.
      if (!isRow(holder) || holder.value !== JSON.stringify(op.key)) continue;
      writes.set(layout.row("unique", key), { key, next: { version: crypto.randomUUID(), deletedAt: now } });
    }
    for (const entry of uniqueOf(next)) {
      held.push({ key: uniqueKey(entry), next: holderRow(op.key, next as RowState, now) });
    }
    return answer;
  });
  // At last, since a tuple that one record gives up may be what another takes.
  for (const write of held) writes.set(layout.row("unique", write.key), write);
  return { writes, answers, changes };
}

const holderRow = (key: string, { expiresAt }: RowState, now: number): RowState => ({
  version: crypto.randomUUID(),
  createdAt: now,
  updatedAt: now,
  ...(expiresAt === undefined ? {} : { expiresAt }),
  value: JSON.stringify(key),
});

const isMet = ({ ifVersion }: { readonly ifVersion?: IfVersion }, live: RowState | undefined): boolean =>
  ifVersion === undefined || ifVersion === (live?.version ?? null);

function drafted(
  op: Exclude<RowOp, CheckOp>,
  present: State,
  now: number,
): { readonly next: State; readonly answer: Answer } {
  const live = liveRow(present, now);
  switch (op.op) {
    case "put":
    case "add": {
      const value = op.op === "put" ? op.value : (addNumber(live?.value, op.by) as string);
      const kept = op.op === "put" ? undefined : live === undefined ? op.initialExpiresAt : live.expiresAt;
      const expiresAt = op.expiresAt ?? kept;
      const createdAt = live?.createdAt ?? now;
      const index = op.op === "put" ? storedEntries(op.index, present) : [];
      const next: RowState = {
        version: op.version,
        createdAt,
        updatedAt: now,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(index.length === 0 ? {} : { index }),
        value,
      };
      return { next, answer: op.op === "put" ? { createdAt } : { value, expiresAt } };
    }
    case "reindex": {
      const { index: _, ...rest } = live as RowState;
      const index = storedEntries(op.index, present);
      return { next: index.length === 0 ? rest : { ...rest, index }, answer: {} };
    }
    case "delete": {
      if (!isRow(present)) return { next: present, answer: { existed: false } };
      const reason = live === undefined ? ({ reason: "expired" } as const) : {};
      // Where nothing live may be there, it is what has expired that goes, under its own version.
      const version = op.ifVersion === null ? present.version : op.version;
      const next = { version, deletedAt: now, ...reason };
      return { next, answer: { existed: live !== undefined } };
    }
  }
}

function changeOf({ space, key }: RowOp, next: RowState | { readonly version: string }): SlotChange {
  const { version } = next;
  if ("value" in next) return { space, key, version };
  return { space, key, version, gone: "reason" in next ? "expired" : "deleted" };
}

/** The places that have to be known to judge the list, as far as it tells them itself. */
export function placesOf(layout: Layout, list: readonly Op[]): string[] {
  return list.filter(isRowOp).flatMap((op) => {
    const entries = (op.op === "put" || op.op === "reindex" ? op.index : undefined) ?? [];
    const unique = entries
      .filter((entry) => entry.unique)
      .map(({ index, tuple }) => layout.row("unique", uniqueKey({ index, tuple: writeTuple(tuple) })));
    return [layout.row(op.space, op.key), ...unique];
  });
}
