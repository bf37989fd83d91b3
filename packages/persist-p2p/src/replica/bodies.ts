/** What of a line is sent: the row with its present state, or what was erased of a stream. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import { encodeRow } from "../state/row-item.ts";
import { encodeErasure, readErased } from "./erasures.ts";
import { type Line, stateOf } from "./lines.ts";

export function bodyOf(connection: Connection, line: Line): Uint8Array {
  const { namespace, space, key } = line;
  return space === "streams"
    ? encodeErasure({ namespace, stream: key, erased: readErased(connection, namespace, key) })
    : encodeRow({ namespace, space, key, state: stateOf(connection, line) });
}
