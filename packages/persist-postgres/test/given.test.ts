/** A whole store over an instance that somebody else made. */
import { createStore } from "@cuitty/persist-core";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import postgresJs from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { postgres } from "../src/adapter.ts";

const database = useDatabase();

test("what is written alone and together through a given instance comes back as it was", async () => {
  const sql = postgresJs(database.url, { onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  const store = await createStore({ name: "given", adapter: await postgres({ sql }) });
  onTestFinished(() => store.close());
  const value = { text: "q\\'é", at: new Date(0) };
  const keys = Array.from({ length: 20 }, (_, i) => `k\\${i}`);
  for (const some of [keys.slice(0, 1), keys]) {
    await Promise.all(some.map((key) => store.records.put(key, value)));
    await Promise.all(some.map((key) => store.kv.set(key, value)));
    await Promise.all(some.map((key) => store.events.append(key, { type: "t", data: value })));
    await Promise.all(some.map((key) => store.kv.increment(`n${key}`)));
    await Promise.all(some.map((key) => store.blobs.put(key, "é\\")));
  }
  await store.transaction(async (tx) => {
    await tx.records.put("sum", await tx.kv.increment("sum", 0.5));
    await tx.kv.delete(keys[0] as string);
  });
  for (const key of keys.slice(1)) {
    expect((await store.records.get(key))?.value).toEqual(value);
    expect(await store.kv.get(key)).toEqual(value);
    expect(await store.kv.get(`n${key}`)).toBe(1);
    expect(await (await store.blobs.get(key))?.text()).toBe("é\\");
  }
  expect([await store.kv.get(keys[0] as string), (await store.records.get("sum"))?.value]).toEqual([undefined, 0.5]);
  expect(await store.events.head()).toBe(21);
});
