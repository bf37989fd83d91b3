/** What a commit of several keys is judged by. */
import type { Op } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { isBlobWrite, isRowOp, placesOf } from "./drafting.ts";
import { uniqueKey, uniqueOf } from "./index-entries.ts";
import { presume } from "./known-rows.ts";
import type { Parts } from "./parts.ts";
import type { Found } from "./row-objects.ts";

export interface Loaded {
  /** By place: every row that the lists are about, without locks. */
  readonly found: ReadonlyMap<string, Found>;
  /** Places of which it was not read, but taken from memory or from likelihood. */
  readonly presumed: readonly string[];
}

export async function load(
  parts: Parts,
  lists: readonly (readonly Op[])[],
  mayPresume: boolean,
  o: Patience,
): Promise<Loaded> {
  const { layout, rows, known } = parts;
  const ops = lists.flat();
  const blobs = ops.filter(isBlobWrite);
  const found = new Map<string, Found>();
  const presumed: string[] = [];
  const read = async (places: readonly string[], one: (place: string) => Promise<Found>) => {
    const wanted = [...new Set(places)].filter((place) => !found.has(place));
    const states = await Promise.all(wanted.map(one));
    for (const [i, place] of wanted.entries()) found.set(place, states[i] as Found);
  };

  const written = placesOf(
    layout,
    ops.filter(({ op }) => op !== "check"),
  );
  // Blobs are made durable on the way, which is not to be done in vain.
  if (mayPresume && blobs.length === 0) {
    for (const place of new Set(written)) {
      const last = presume(known, place);
      if (last === undefined) continue;
      found.set(place, last);
      presumed.push(place);
    }
  }
  await read(written, (place) => rows.read(place, o));
  const checked = placesOf(
    layout,
    ops.filter((op) => op.op === "check" && isRowOp(op)),
  );
  await read(checked, async (place) => (await rows.peekShared(place, o)) ?? rows.read(place, o));
  // What the records hold at present has to be given up with them.
  const held = [...found.values()].flatMap(({ state }) => uniqueOf(state).map(uniqueKey));
  await read(
    held.map((key) => layout.row("unique", key)),
    (place) => rows.read(place, o),
  );
  await read(
    blobs.map(({ key }) => layout.row("locks", key)),
    (place) => rows.read(place, o),
  );
  return { found, presumed };
}
