/** Two people edit one document, and neither overwrites the other. */
import { PersistError, type RecordEntry, type Store } from "@cuitty/persist";
import type { Report } from "./report.ts";

interface Guide {
  title: string;
  sights: string[];
}

const key = "guides/berlin";

/** Adds to the guide as it was read, unless it has changed since: then it is read again. Answers how often that was. */
async function addSight(store: Store, read: RecordEntry<Guide>, sight: string): Promise<number> {
  for (let conflicts = 0; ; conflicts++) {
    const { value, version } = read;
    try {
      await store.records.put(key, { ...value, sights: [...value.sights, sight] }, { ifMatch: version });
      return conflicts;
    } catch (error) {
      if (!PersistError.is(error, "CONFLICT")) throw error;
      read = await readGuide(store);
    }
  }
}

async function readGuide(store: Store): Promise<RecordEntry<Guide>> {
  const guide = await store.records.get<Guide>(key);
  if (guide === undefined) throw new Error(`There is no ${key}`);
  return guide;
}

export async function showEditors(store: Store, report: Report): Promise<void> {
  report.step("Two people change one document, each with the version that they have read");
  await store.records.put(key, { title: "Berlin", sights: [] } satisfies Guide);
  const [forAnna, forBen] = [await readGuide(store), await readGuide(store)];
  const anna = await addSight(store, forAnna, "Museum Island");
  const ben = await addSight(store, forBen, "Tempelhofer Feld");
  const { sights } = (await readGuide(store)).value;
  report.check("the second one is refused: CONFLICT, because the first was faster", anna === 0 && ben === 1);
  report.check(`reads again, and adds to what is there now: ${sights.join(", ")}`, sights.length === 2);
}
