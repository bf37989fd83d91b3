/** The feed of a store that has one: what slots of the log say was changed, with the present state. */
import { type ChangedRow, type ChangePage, deletionsKeptFor, PersistError, type Row } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import type { Parts } from "./parts.ts";
import { readRowsOf } from "./read-rows.ts";
import type { Slot, SlotChange } from "./slots.ts";
import { headRow } from "./streams.ts";

type Times = Patience & { readonly now: number };

interface Place {
  readonly slot: number;
  /** Of its changes, so many have been told. */
  readonly told: number;
}

/** Slots that are read at once. */
const slotsAtOnce = 32;

export async function readChanges(
  parts: Parts,
  since: string | undefined,
  limit: number,
  o: Times,
): Promise<ChangePage> {
  refuseWithoutFeed(parts);
  await parts.log.refresh(o);
  let place = await parseCursor(parts, since, o);
  const changes: ChangedRow[] = [];
  while (place.slot < parts.log.end.slot || place.told > 0) {
    const from = place.told > 0 ? place.slot - 1 : place.slot;
    const page = await slotsAfter(parts, from, o);
    if (page.length === 0) break;
    const named = page.flatMap((slot) => changesOf(slot).map((change, i) => ({ change, slot, told: i + 1 })));
    const { slot: skipSlot, told: skip } = place;
    const due = named.filter(({ slot, told }) => slot.number !== skipSlot || told > skip);
    const rows = await presentOf(
      parts,
      due.map(({ change }) => change),
      o,
    );
    for (const [i, { change, slot, told }] of due.entries()) {
      const shown = show(change, rows[i], slot, told);
      if (shown === undefined) continue;
      if (changes.length === limit) return { changes, cursor: changes.at(-1)?.cursor as string, more: true };
      changes.push(shown);
    }
    place = { slot: page.at(-1)?.number ?? place.slot, told: 0 };
  }
  return { changes, cursor: cursorOf({ slot: parts.log.end.slot, told: 0 }), more: false };
}

export async function latestCursor(parts: Parts, o: Times): Promise<string> {
  refuseWithoutFeed(parts);
  await parts.log.refresh(o);
  return cursorOf({ slot: parts.log.end.slot, told: 0 });
}

function refuseWithoutFeed({ feed }: Parts): void {
  if (feed) return;
  throw new PersistError(
    "UNSUPPORTED",
    "This store was made without a feed. Changes can be followed in one that is made with the option feed: true.",
    { adapter: "s3" },
  );
}

type AnyChange = SlotChange | { readonly space: "streams"; readonly key: string; readonly version: string };

/** What a slot has changed, each key once, in an order that is always the same. */
function changesOf(slot: Slot): AnyChange[] {
  const byName = new Map<string, AnyChange>();
  const note = (change: AnyChange) => {
    byName.delete(`${change.space} ${change.key}`);
    byName.set(`${change.space} ${change.key}`, change);
  };
  for (const change of slot.changes) note(change);
  for (const { stream, head } of [...slot.batches, ...slot.erasures]) {
    note({ space: "streams", key: stream, version: headRow(stream, head).version });
  }
  return [...byName.values()];
}

async function presentOf(parts: Parts, changes: readonly AnyChange[], o: Times): Promise<(Row | undefined)[]> {
  const rows: (Row | undefined)[] = new Array(changes.length);
  const spaces = new Set(changes.map(({ space }) => space));
  await Promise.all(
    Array.from(spaces, async (space) => {
      const own = [...changes.entries()].filter(([, change]) => change.space === space);
      const found = await readRowsOf(
        parts,
        space,
        own.map(([, { key }]) => key),
        o,
      );
      for (const [i, [number]] of own.entries()) rows[number] = found[i];
    }),
  );
  return rows;
}

/** `undefined` where something newer has come, which is told in its own place. */
function show(change: AnyChange, row: Row | undefined, slot: Slot, told: number): ChangedRow | undefined {
  const { space, key, version } = change;
  const cursor = cursorOf({ slot: slot.number, told });
  const base = { space, key, version, time: slot.time, cursor };
  const gone = "gone" in change ? change.gone : undefined;
  if (gone === undefined)
    return row?.version === version ? { ...base, row, time: row.updatedAt ?? slot.time } : undefined;
  return row === undefined ? { ...base, reason: gone } : undefined;
}

const cursorOf = ({ slot, told }: Place): string => (told === 0 ? String(slot) : `${slot}.${told}`);

async function parseCursor(parts: Parts, since: string | undefined, o: Times): Promise<Place> {
  if (since === undefined) return { slot: 0, told: 0 };
  const [, slot, told = "0"] = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(since) ?? [];
  if (slot === undefined) {
    throw new PersistError("INVALID_ARGUMENT", "since is not a cursor of this store's changes.", { adapter: "s3" });
  }
  const place = { slot: Number(slot), told: Number(told) };
  if (place.slot > parts.log.end.slot) throw expired("The cursor is of a later state than this store has.");
  const [next] = await slotsAfter(parts, place.slot, o, 1);
  if (next !== undefined && next.time < o.now - deletionsKeptFor) {
    throw expired("The cursor is older than the deletions that are still known.");
  }
  return place;
}

const expired = (message: string) => new PersistError("CURSOR_EXPIRED", message, { adapter: "s3" });

async function slotsAfter(
  { slots, log }: Parts,
  number: number,
  o: Patience,
  limit = slotsAtOnce,
): Promise<readonly Slot[]> {
  const recent = log.tail.slots;
  if (recent[0] !== undefined && number >= recent[0].number - 1) {
    return recent.filter((slot) => slot.number > number).slice(0, limit);
  }
  const { names } = await slots.namesAfter(number, limit, o);
  return Promise.all(names.map((name) => slots.read(name, o)));
}
