/**
 * What is stored of a row, as one JSON object: its state, and while a commit is under way, a lock. A row that was deleted leaves a tombstone in its place.
 *
 *     {"version", "before"?, "createdAt", "updatedAt", "expiresAt"?, "key"?, "index"?, "value"}
 *     {"version", "before"?, "deletedAt", "reason"?, "key"?}
 *     {"lock", "present", "pending"?, "key"?}
 *
 * `before` has the version that was replaced, and where writes come fast, those before it: so whoever lost the answer to a write can tell whether it had come to pass when others have written since. `key` is there where the
 * object's own key is cut.
 *
 * The length of a plain row (there, without expiry and lock) is even, and that of everything else odd, so that a listing, which tells lengths, tells which objects have to be read.
 */

import { PersistError, type Row, storedText, textOf } from "@cuitty/persist-core";
import { isCut } from "./names.ts";

/** `undefined`: there is no object. */
export type State = RowState | Tombstone | undefined;

export interface RowState {
  readonly version: string;
  /** The last one first. */
  readonly before?: readonly string[] | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number | undefined;
  readonly index?: readonly StoredEntry[] | undefined;
  /** Encoded. */
  readonly value: string;
}

/** An index entry of a record, with the tuple as in keys. The tag tells it from those that others have written for the same. */
export interface StoredEntry {
  readonly index: string;
  readonly tuple: string;
  readonly tag: string;
  readonly unique?: true | undefined;
}

export interface Tombstone {
  readonly version: string;
  readonly before?: readonly string[] | undefined;
  readonly deletedAt: number;
  /** Absent where it was deleted. */
  readonly reason?: "expired" | undefined;
}

export interface Lock {
  /** The commit's name. */
  readonly commit: string;
  /** How many keys the commit locks: with more it may take longer. */
  readonly keys: number;
  /** The last slot of the log when it began. Left out where the commit is decided by the write of this one key. */
  readonly slot?: number | undefined;
}

export interface Envelope {
  /** Of the row. */
  readonly key: string;
  readonly state: State;
  readonly lock?: Lock | undefined;
  /** With a lock that has a slot: what is to be. */
  readonly pending?: State;
}

export function isRow(state: State): state is RowState {
  return state !== undefined && "value" in state;
}

/** The row, unless there is none or it has expired. */
export function liveRow(state: State, now: number): RowState | undefined {
  if (!isRow(state)) return undefined;
  return state.expiresAt === undefined || state.expiresAt > now ? state : undefined;
}

/** How many versions are told that were replaced, and for how long, in milliseconds. */
const mostBefore = 24;
const beforeKept = 60_000;

/** The state, as what replaces the present one. */
export function replacing<S extends State>(next: S, present: State, now: number): S {
  if (next === undefined || present === undefined) return next;
  const written = isRow(present) ? present.updatedAt : present.deletedAt;
  const older = Math.abs(now - written) < beforeKept ? (present.before ?? []) : [];
  return { ...next, before: [present.version, ...older].slice(0, mostBefore) };
}

/**
 * What has become of a write of which nobody knows, by what stands there now. `replaced`: the version that it was to replace. `age`: milliseconds since it was first sent; one that was applied and
 * replaced lately is told, unless too many have come since.
 */
export function fateOf(
  now: State,
  ours: string | undefined,
  replaced: string | undefined,
  age: number,
): "applied" | "not-applied" | "unknown" {
  const before = now?.before ?? [];
  const isIn = (version: string | undefined) =>
    version === now?.version || (version !== undefined && before.includes(version));
  if (ours !== undefined && isIn(ours)) return "applied";
  const wouldBeTold = age < beforeKept && before.length < mostBefore;
  return wouldBeTold || isIn(replaced) ? "not-applied" : "unknown";
}

export function toRow(key: string, state: RowState, keysOnly = false): Row {
  const { value, version, createdAt, updatedAt, expiresAt } = state;
  return {
    key,
    value: keysOnly ? "" : value,
    version,
    createdAt,
    updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

export function writeEnvelope({ key, state, lock, pending }: Envelope, place: string): string {
  const named = isCut(place) ? { key } : {};
  const stored =
    lock === undefined
      ? { ...stateToJson(state), ...named }
      : { lock, present: stateToJson(state) ?? null, pending: stateToJson(pending), ...named };
  const text = JSON.stringify(stored);
  const isPlain = lock === undefined && isRow(state) && state.expiresAt === undefined;
  return (Buffer.byteLength(text) % 2 === 0) === isPlain ? text : `${text} `;
}

/** Whether an object of this length has to be read to know whether there is a row. */
export const isPlainSize = (size: number): boolean => size % 2 === 0;

/** The key is told only where the object's is cut. Throws CORRUPT where it is no envelope. */
export function readEnvelope(
  text: string,
  place: string,
): Omit<Envelope, "key"> & { readonly key?: string | undefined } {
  const data = parse(text, place);
  const key = typeof data.key === "string" ? data.key : undefined;
  if (data.lock === undefined) return { state: jsonToState(data, place), key };
  const { commit, keys, slot } = data.lock as Partial<Lock>;
  if (typeof commit !== "string" || typeof keys !== "number") throw corrupt(place);
  return {
    state: data.present === null ? undefined : jsonToState(data.present, place),
    lock: { commit, keys, ...(typeof slot === "number" ? { slot } : {}) },
    pending: data.pending === undefined ? undefined : jsonToState(data.pending, place),
    key,
  };
}

const isTexts = (data: unknown): data is readonly string[] =>
  Array.isArray(data) && data.every((one) => typeof one === "string");

type Json = Readonly<Record<string, unknown>>;

/** Of a row, the value comes last, behind what people want to see first. */
function stateToJson(state: State): Json | undefined {
  if (!isRow(state)) return state && { ...state };
  const { value, index, ...rest } = state;
  const entries = index === undefined || index.length === 0 ? {} : { index };
  return { ...rest, ...entries, value: storedText(value) };
}

function jsonToState(data: unknown, place: string): State {
  if (typeof data !== "object" || data === null) throw corrupt(place);
  const { version, before, deletedAt, reason, createdAt, updatedAt, expiresAt, index, value } = data as Json;
  if (typeof version !== "string" || (before !== undefined && !isTexts(before))) throw corrupt(place);
  if (typeof deletedAt === "number") {
    return { version, before, deletedAt, ...(reason === "expired" ? { reason } : {}) };
  }
  if (typeof createdAt !== "number" || typeof updatedAt !== "number" || value === undefined) throw corrupt(place);
  return {
    version,
    before,
    createdAt,
    updatedAt,
    ...(typeof expiresAt === "number" ? { expiresAt } : {}),
    ...(Array.isArray(index) ? { index: index as readonly StoredEntry[] } : {}),
    value: textOf(value, place),
  };
}

function parse(text: string, place: string): Json {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === "object" && data !== null && !Array.isArray(data)) return data as Json;
  } catch {
    // Told below.
  }
  throw corrupt(place);
}

export function corrupt(place: string): PersistError {
  return new PersistError(
    "CORRUPT",
    `The object "${place}" is not what Persist stores there. Restore it, or remove it if it was put there by something else.`,
    { adapter: "s3" },
  );
}
