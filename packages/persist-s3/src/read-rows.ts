/** Rows by their keys, in any space. */
import type { EngineOptions, Row, Space } from "@cuitty/persist-core";
import { isRowSpace } from "./layout.ts";
import type { Parts } from "./parts.ts";
import { liveRow, toRow } from "./state.ts";
import { headRow } from "./streams.ts";

export async function readRowsOf(
  parts: Parts,
  space: Space,
  keys: readonly string[],
  o: EngineOptions,
): Promise<readonly (Row | undefined)[]> {
  const { rows, layout, blobs } = parts;
  if (space === "blobs") return blobs.read(keys, o);
  if (!isRowSpace(space)) return readStreams(parts, keys, o);
  return Promise.all(
    keys.map(async (key) => {
      const state = liveRow((await rows.read(layout.row(space, key), o)).state, o.now);
      return state && toRow(key, state);
    }),
  );
}

/** The empty key is that of the whole log. */
async function readStreams(
  { log, streams, slots }: Parts,
  keys: readonly string[],
  o: EngineOptions,
): Promise<(Row | undefined)[]> {
  await log.refresh(o);
  const { position, time } = log.end;
  return Promise.all(
    keys.map(async (key) => {
      if (key !== "") {
        const head = await streams.head(key, log.tail, o);
        return head && headRow(key, head);
      }
      if (position === 0) return undefined;
      const first = await slots.find(await slots.withPosition(1, log.end, o), o);
      const createdAt = first?.time ?? time;
      return headRow("", { version: position, position, first: 1, erased: false, createdAt, updatedAt: time });
    }),
  );
}
