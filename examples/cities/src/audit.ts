/** Compares the store with the source, city by city. */
import { isDeepStrictEqual } from "node:util";
import type { Store } from "@cuitty/persist";
import type { City, CityInSource } from "./city.ts";
import { type Checkpoint, type Imported, logOf, readCheckpoint } from "./import-cities.ts";

export interface Audit {
  checkpoint: Checkpoint;
  /** Cities before the checkpoint that are as the source has them. */
  intact: number;
  /** Those that are not, or not there. */
  lost: number;
  /** Cities behind the checkpoint that are there all the same: a part of a batch. */
  ahead: number;
  /** The log has each batch up to the checkpoint once, and nothing else. */
  logComplete: boolean;
  /** Keys that earlier imports wrote and that this one has not, because the source has no such city any more. */
  outdated: string[];
}

/** City keys begin with a country in capitals, so these are all of them and nothing else. */
export const cityKeys = { start: "A", end: "[" };

export async function audit(store: Store, cities: readonly CityInSource[]): Promise<Audit> {
  const checkpoint = (await readCheckpoint(store)) ?? { edition: 0, done: 0, total: 0 };
  const { edition, done } = checkpoint;
  const places = new Map(cities.map(({ key }, place) => [key, place]));
  let intact = 0;
  let ahead = 0;
  const outdated: string[] = [];
  for await (const { key, value } of store.records.list<City>(cityKeys)) {
    const place = places.get(key);
    if (place === undefined) outdated.push(key);
    else if (place >= done) ahead += value.edition === edition ? 1 : 0;
    else if (isDeepStrictEqual(value, { ...cities[place]?.city, edition })) intact++;
  }

  let logged = 0;
  let logComplete = true;
  for await (const { data } of store.events.read<{ imported: Imported }>(logOf(edition))) {
    logComplete &&= data.from === logged;
    logged = data.to;
  }
  logComplete &&= logged === done;
  return { checkpoint, intact, lost: done - intact, ahead, logComplete, outdated };
}
