/** A postcard is a record, a picture, a number and an event: they come together, or not at all. */
import { isDeepStrictEqual } from "node:util";
import type { Store, Transaction } from "@cuitty/persist";
import type { City, CityInSource } from "./city.ts";
import type { Report } from "./report.ts";

type PlaceName = Pick<City, "name" | "country">;

/** What there is of a postcard. */
interface Traces {
  record: boolean;
  picture: boolean;
  count: number;
  events: number;
}

export async function sendPostcard(store: Store, id: string, city: PlaceName): Promise<void> {
  await store.transaction((tx) => writePostcard(tx, id, city));
}

/** The same, but something goes wrong after the last write. */
export async function failToSendPostcard(store: Store, id: string, city: PlaceName): Promise<void> {
  const outOfStamps = new Error("out of stamps");
  try {
    await store.transaction(async (tx) => {
      await writePostcard(tx, id, city);
      throw outOfStamps;
    });
  } catch (error) {
    if (error !== outOfStamps) throw error;
  }
}

async function findTraces(store: Store, id: string): Promise<Traces> {
  return {
    record: await store.records.has(`postcards/${id}`),
    picture: await store.blobs.has(`postcards/${id}.svg`),
    count: (await store.kv.get<number>("postcards/sent")) ?? 0,
    events: await store.events.head("postcards"),
  };
}

async function writePostcard(tx: Transaction, id: string, city: PlaceName): Promise<void> {
  const flag = await tx.blobs.get(`flags/${city.country.toLowerCase()}.svg`);
  const picture = (await flag?.text()) ?? "<svg/>";
  await tx.blobs.put(`postcards/${id}.svg`, picture, { contentType: "image/svg+xml" });
  await tx.records.put(`postcards/${id}`, { city: city.name, text: "Wish you were here" });
  await tx.kv.increment("postcards/sent");
  await tx.events.append("postcards", { type: "sent", data: { id, city: city.name } });
}

export async function showPostcard(store: Store, cities: readonly CityInSource[], report: Report): Promise<void> {
  report.step("One transaction over all facades: a record, a blob, a counter and an event");
  const { city } = cities[0] as CityInSource;
  const id = new Date().toISOString();
  const before = await findTraces(store, id);
  await failToSendPostcard(store, id, city);
  const afterFailure = await findTraces(store, id);
  report.check(
    "where the callback throws after its last write, nothing is there",
    isDeepStrictEqual(afterFailure, before),
  );
  await sendPostcard(store, id, city);
  const after = await findTraces(store, id);
  const wanted = { record: true, picture: true, count: before.count + 1, events: before.events + 1 };
  report.check(
    `where it does not, all is there: postcard ${after.count} from ${city.name}`,
    isDeepStrictEqual(after, wanted),
  );
}
