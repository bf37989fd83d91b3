/** The process that is killed: `importer.ts PATH COUNT`. It tells on stdout how many cities are in, one line for each transaction. */
import { writeSync } from "node:fs";
import { createStore } from "@cuitty/persist";
import { readCities } from "./city.ts";
import { continueImport } from "./import-cities.ts";

const [path = "", count] = process.argv.slice(2);
const cities = readCities(Number(count));
await using store = await createStore({ name: "cities", path });
// Written at once, not when there is time: what it has told has happened, also if it dies right after.
await continueImport(store, cities, cities.length, (done) => writeSync(1, `${done}\n`));
