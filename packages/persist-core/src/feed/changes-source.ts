/** Changes since a cursor, page by page, as a source of a watcher. */
import type { Change } from "../api/changes.ts";
import type { Call } from "../calls.ts";
import type { ChangedRow, ChangePage } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Feed } from "./feed.ts";
import type { WatchSource } from "./watcher.ts";

/** `"now"`: what is committed from here on. A cursor: what follows it; without one: everything that ever changed. */
export type Beginning = "now" | { readonly since: string | undefined };

export interface ChangesFrom<T> {
  readonly beginning: Beginning;
  accepts(changed: ChangedRow): boolean;
  show(changed: ChangedRow): Change<T>;
}

/** Changes in one read. */
const pageSize = 500;

export function createChangesSource<T>(
  feed: Feed,
  { beginning, accepts, show }: ChangesFrom<T>,
): WatchSource<Change<T>> {
  let cursor = beginning === "now" ? undefined : beginning.since;
  /** What the beginning has read to see whether the cursor is good. */
  let ahead: ChangePage | undefined;

  const read = async (call: Call): Promise<ChangePage> => {
    try {
      return await feed.changes(cursor, pageSize, call);
    } catch (error) {
      throw PersistError.is(error, "CURSOR_EXPIRED") ? startOver(error) : error;
    }
  };

  return {
    async begin(call) {
      if (beginning === "now") cursor = await feed.latest(call);
      else ahead = await read(call);
    },
    async read(call) {
      feed.tend();
      const page = ahead ?? (await read(call));
      ahead = undefined;
      cursor = page.cursor;
      return { items: page.changes.filter(accepts).map(show), more: page.more };
    },
  };
}

function startOver(error: PersistError): PersistError {
  const advice =
    "Begin anew: with initial: true where it is a watch of keys, else without since, and read what is there.";
  return new PersistError(error.code, `${error.message} ${advice}`, {
    adapter: error.adapter,
    operation: error.operation,
    key: error.key,
    cause: error,
  });
}
