/** A changed row as users see it. */
import type { Change } from "../api/changes.ts";
import type { Facade } from "../api/operations.ts";
import type { ChangedRow, Row, Space, StreamHead } from "../contract.ts";

/** Undefined for what is core's own. */
export function facadeOf(space: Space): Facade | undefined {
  return space === "streams" ? "events" : space === "system" ? undefined : space;
}

/** `show` makes the value out of the row; without it there is none. */
export function toChange<T>(changed: ChangedRow, show: ((row: Row) => T) | undefined): Change<T> {
  const { space, key, row, reason, version, cursor } = changed;
  const time = new Date(changed.time);
  const facade = facadeOf(space) as Facade;
  if (row === undefined) {
    return { type: "delete", facade, key, reason: reason === "expired" ? "expired" : "delete", cursor, time };
  }
  if (space === "streams") {
    const head = JSON.parse(row.value) as StreamHead;
    const type = head.erased === true ? "truncate" : "append";
    return { type, facade: "events", stream: key, version: head.version, position: head.position, cursor, time };
  }
  const put = { type: "put", facade, key, version, cursor, time } as const;
  return show === undefined ? put : { ...put, value: show(row) };
}
