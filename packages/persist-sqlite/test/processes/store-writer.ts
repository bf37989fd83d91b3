/** Sets keys, deletes every third, and appends to a stream, one after the other; then it says so in the key `end`. */
import { createStore } from "@cuitty/persist-core";
import { sqlite } from "../../src/adapter.ts";

const [path = "", name = "", count = "0"] = process.argv.slice(2);
await using store = await createStore({ name: "test", adapter: await sqlite({ path }) });
for (let n = 0; n < Number(count); n++) {
  await store.transaction(async (tx) => {
    await tx.kv.set(`${name}/${n % 50}`, n);
    await tx.events.append("log", { type: "written", data: `${name} ${n}` });
  });
  if (n % 3 === 0) await store.kv.delete(`${name}/${(n + 7) % 50}`);
}
await store.kv.set(`${name}/end`, count);
