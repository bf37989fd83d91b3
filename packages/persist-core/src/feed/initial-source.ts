/**
 * First what is there, then what changes. Where the changes begin is settled before anything is listed, so that nothing is missed between the two. The cursor of an entry that was listed holds both that
 * beginning and the key: who goes on from it lists the rest.
 */
import type { Change } from "../api/changes.ts";
import type { Call } from "../calls.ts";
import type { ChangedRow, Row, ScanPage } from "../contract.ts";
import { decodeCursor, encodeCursor } from "../cursors.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { prefixEnd } from "../keys.ts";
import type { Watched, WatchedSpace } from "./watch-keys.ts";
import type { WatchSource } from "./watcher.ts";

export interface Initial<T> {
  readonly operation: string;
  readonly space: WatchedSpace;
  readonly watched: Watched;
  /** Of an entry that was listed. Left out: from the first. */
  readonly since: string | undefined;
  readonly values: boolean;
  show(changed: ChangedRow): Change<T>;
  /** The changes after a cursor, to be read without further ado. */
  follow(since: string): WatchSource<Change<T>>;
}

const pageSize = 500;
const mark = "initial.";

/** Whether the cursor is that of an entry that was listed. */
export function isInitialCursor(cursor: string): boolean {
  return cursor.startsWith(mark);
}

export function createInitialSource<T>(gate: LiveGate, initial: Initial<T>): WatchSource<Change<T>> {
  const { operation, space, watched, since, values, show, follow } = initial;
  const query = [operation, watched];
  let [begin, after] = since === undefined ? [] : parse(query, since);
  /** Once everything is listed. */
  let changes: WatchSource<Change<T>> | undefined;

  const list = async (call: Call): Promise<ScanPage> => {
    if ("key" in watched) {
      const rows = after === undefined ? await gate.read(space, [watched.key], call) : [];
      return { rows: rows.filter((row) => row !== undefined), more: false };
    }
    const { prefix } = watched;
    const end = prefixEnd(prefix);
    const lower = after === undefined ? { key: prefix, inclusive: true } : { key: after, inclusive: false };
    const bounds = {
      ...(lower.key === "" ? {} : { lower }),
      ...(end === undefined ? {} : { upper: { key: end, inclusive: false } }),
    };
    return gate.scan(space, { by: "key", ...bounds, reverse: false, limit: pageSize, keysOnly: !values }, call);
  };

  const toPut = (row: Row): Change<T> => {
    const cursor = mark + encodeCursor(query, JSON.stringify([begin, row.key]));
    return show({ space, key: row.key, row, version: row.version, time: row.updatedAt ?? gate.now(), cursor });
  };

  return {
    async begin(call) {
      begin ??= await gate.feed.latest(call);
    },
    async read(call) {
      if (changes !== undefined) return changes.read(call);
      gate.feed.tend();
      const { rows, more } = await list(call);
      after = rows.at(-1)?.key ?? after;
      if (!more) changes = follow(begin as string);
      return { items: rows.map(toPut), more: true };
    },
  };
}

function parse(query: readonly unknown[], cursor: string): [begin: string, after: string] {
  const parsed: unknown = JSON.parse(decodeCursor(query, cursor.slice(mark.length)));
  if (Array.isArray(parsed) && typeof parsed[0] === "string" && typeof parsed[1] === "string") {
    return [parsed[0], parsed[1]];
  }
  throw new PersistError("INVALID_ARGUMENT", "The cursor is malformed. Pass one that a change had, unchanged.");
}
