/** Watches, and has nothing else to do: it ends by itself. */
import { createStore } from "@cuitty/persist-core";
import { sqlite } from "../../src/adapter.ts";

const store = await createStore({ name: "test", adapter: await sqlite({ path: process.argv[2] ?? "" }) });
const watcher = store.changes();
await watcher.ready;
void watcher[Symbol.asyncIterator]().next();
