/** The import as this program runs it: the first half, and what is left after the kill. */
import type { Store } from "@cuitty/persist";
import { audit } from "./audit.ts";
import { type CityInSource, volumeOf } from "./city.ts";
import { batchSizeOf, beginImport, type Checkpoint, continueImport, readCheckpoint } from "./import-cities.ts";
import { createProgress } from "./progress.ts";
import type { Report } from "./report.ts";
import { count } from "./table.ts";

type Cities = readonly CityInSource[];

export async function showFirstHalf(store: Store, cities: Cities, half: number, report: Report): Promise<void> {
  const batch = batchSizeOf(cities.length);
  report.step(`Import the first half: in each transaction ${batch} cities, the checkpoint and a line in the log`);
  const before = await readCheckpoint(store);
  report.say(describe(before, cities));
  if (before !== undefined && canResume(before, cities)) await importUntil(store, cities, cities.length, report);
  await beginImport(store, cities);
  await importUntil(store, cities, half, report);
}

export async function showCompletion(store: Store, cities: Cities, report: Report): Promise<void> {
  report.step("Go on where the killed import stopped");
  await importUntil(store, cities, cities.length, report);
  const { intact, lost, ahead, logComplete, outdated } = await report.measure(
    "cities compared with the source",
    () => audit(store, cities),
    () => ({ count: cities.length, bytes: volumeOf(cities) }),
  );
  for (const key of outdated) await store.records.delete(key);
  if (outdated.length > 0) report.say(`${count(outdated.length)} cities are not in the source any more: removed`);
  report.check(`${count(intact)} of ${count(cities.length)} cities are as in the source`, lost === 0 && ahead === 0);
  report.check("the log has each of them once", logComplete);
}

/** Whether the last import stopped half-way, and was one of the same cities. */
function canResume({ done, total }: Checkpoint, cities: Cities): boolean {
  return done < total && total === cities.length;
}

function describe(before: Checkpoint | undefined, cities: Cities): string {
  if (before === undefined) return "the store is new";
  const { edition, done, total } = before;
  if (canResume(before, cities)) {
    return `import ${edition} stopped at ${count(done)} of ${count(total)}: it is completed first, then comes the next`;
  }
  return `import ${edition} is there: this one, number ${edition + 1}, replaces its cities`;
}

async function importUntil(store: Store, cities: Cities, until: number, report: Report): Promise<void> {
  const from = (await readCheckpoint(store))?.done ?? 0;
  const progress = createProgress(cities.length, "cities");
  await report.measure(
    `cities imported (${count(from)} to ${count(until)})`,
    () => continueImport(store, cities, until, (done) => progress.show(done)),
    () => ({ count: until - from, bytes: volumeOf(cities.slice(from, until)) }),
  );
  progress.end();
}
