/** Persist on real data, step by step: see ../README.md. The exit code is 1 where anything is not as it should be. */
import { stat } from "node:fs/promises";
import { relative } from "node:path";
import { createStore } from "@cuitty/persist";
import { readCities } from "./city.ts";
import { showEditors } from "./editors.ts";
import { showFlags } from "./flags.ts";
import { showKilledImport } from "./killed-import.ts";
import { readOptions } from "./options.ts";
import { showPostcard } from "./postcards.ts";
import { showReading } from "./reading.ts";
import { createReport } from "./report.ts";
import { showSettings } from "./settings.ts";
import { showCompletion, showFirstHalf } from "./show-import.ts";
import { bytes, count } from "./table.ts";

const { cities: wanted, path } = readOptions();
const cities = readCities(wanted);
const half = Math.ceil(cities.length / 2);
const report = createReport(`Persist on real data: ${count(cities.length)} cities of GeoNames, in ${shown(path)}`);

{
  await using store = await createStore({ name: "cities", path });
  await showFirstHalf(store, cities, half, report);
  await showFlags(store, report);
  await showSettings(store, report);
  await showReading(store, cities, half, report);
  await showEditors(store, report);
  await showPostcard(store, cities, report);
}
await showKilledImport(path, cities, half, report);
{
  await using store = await createStore({ name: "cities", path });
  await showCompletion(store, cities, report);
}
report.say(`${shown(path)} has ${bytes((await stat(path)).size)} now`);
process.exitCode = report.end() ? 0 : 1;

function shown(path: string): string {
  return relative(process.cwd(), path);
}
