/** Settings in kv: small values by key. */
import type { Store } from "@cuitty/persist";
import type { Report } from "./report.ts";

const prefix = "settings/";

export async function showSettings(store: Store, report: Report): Promise<void> {
  report.step("Settings in kv");
  await store.kv.setMany([
    [`${prefix}language`, "en"],
    [`${prefix}units`, "metric"],
  ]);
  const runs = await store.kv.increment(`${prefix}runs`);
  const settings = await store.kv.list({ prefix }).toArray();
  report.say(settings.map(({ key, value }) => `${key.slice(prefix.length)}: ${value}`).join(", "));
  report.check(`this is run ${runs} on this file`, settings.length === 3 && runs > 0);
}
