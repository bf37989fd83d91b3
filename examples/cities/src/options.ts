import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export interface Options {
  /** Only so many; all of them without it. */
  cities: number | undefined;
  /** Of the SQLite file. */
  path: string;
}

/** With fewer, the second half would be imported before it can be killed. */
const fewestCities = 100;

/** `--cities N`, `--path FILE` */
export function readOptions(): Options {
  const { values } = parseArgs({ options: { cities: { type: "string" }, path: { type: "string" } } });
  const cities = values.cities === undefined ? undefined : Number(values.cities);
  if (cities !== undefined && !(Number.isInteger(cities) && cities >= fewestCities)) {
    console.error(`usage: npm start -- [--cities N] [--path FILE]    N is at least ${fewestCities}`);
    process.exit(2);
  }
  // A part of the cities has a file of its own, and does not replace what is there of all of them.
  const name = cities === undefined ? "cities.db" : `cities-${cities}.db`;
  return { cities, path: values.path ?? fileURLToPath(new URL(`../.persist/${name}`, import.meta.url)) };
}
