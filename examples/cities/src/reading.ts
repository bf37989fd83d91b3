/** Listing by prefix, page by page, and reading by key. */
import { isDeepStrictEqual } from "node:util";
import type { Store } from "@cuitty/persist";
import type { City, CityInSource } from "./city.ts";
import type { Report } from "./report.ts";
import { count } from "./table.ts";

/** How many records have this prefix. The listing reads page after page: memory holds one of them, however many there are. */
export async function countByPrefix(store: Store, prefix: string): Promise<number> {
  let found = 0;
  for await (const _ of store.records.list({ prefix })) found++;
  return found;
}

/** Two pages of names. The cursor between them could have gone through a URL to another process. */
export async function readTwoPages(store: Store, prefix: string, limit: number): Promise<string[]> {
  const first = await store.records.list<City>({ prefix, limit }).page();
  const second = await store.records.list<City>({ prefix, limit, cursor: first.cursor }).page();
  return [...first.items, ...second.items].map(({ value }) => value.name);
}

/** Reads cities picked at random, one after the other. Answers how many are as the source has them. */
export async function readAtRandom(store: Store, cities: readonly CityInSource[], reads: number): Promise<number> {
  let intact = 0;
  for (let i = 0; i < reads; i++) {
    const { key, city } = cities[Math.floor(Math.random() * cities.length)] as CityInSource;
    const { edition, ...found } = (await store.records.get<City>(key))?.value ?? { edition: 0 };
    if (isDeepStrictEqual(found, city)) intact++;
  }
  return intact;
}

/** The first `done` cities are in the store, and others may be. */
export async function showReading(
  store: Store,
  cities: readonly CityInSource[],
  done: number,
  report: Report,
): Promise<void> {
  report.step("Read by prefix, page by page, and by key");
  const middle = cities[done >> 1] as CityInSource;
  const prefix = `${middle.city.country}/`;
  const least = countInSource(cities.slice(0, done), prefix);
  const most = countInSource(cities, prefix);
  const listed = await report.measure(
    `cities listed by the prefix ${prefix}`,
    () => countByPrefix(store, prefix),
    (found) => ({ count: found }),
  );
  report.check(`${count(listed)} cities begin with ${prefix}, as in the source`, least <= listed && listed <= most);

  const initial = middle.key.slice(0, prefix.length + 1);
  const names = await readTwoPages(store, initial, 3);
  report.say(`two pages of those with ${initial}: ${names.join(", ")}`);

  const reads = Math.min(20_000, 5 * done);
  const intact = await report.measure(
    "cities read by key",
    () => readAtRandom(store, cities.slice(0, done), reads),
    () => ({ count: reads }),
  );
  report.check(`${count(intact)} of ${count(reads)} picked at random are as in the source`, intact === reads);
}

function countInSource(cities: readonly CityInSource[], prefix: string): number {
  return cities.filter(({ key }) => key.startsWith(prefix)).length;
}
