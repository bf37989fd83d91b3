/** Watches until it has been told of one change, and leaves all as it is: nothing of it may keep the process alive. */
import { createStore } from "@cuitty/persist-core";
import { postgres } from "../../src/adapter.ts";

const store = await createStore({ name: "watched", adapter: await postgres({ url: process.argv[2] as string }) });
const watcher = store.kv.watch("key");
await watcher.ready;
const changes = watcher[Symbol.asyncIterator]();
console.log("watching");
// A change is nothing that a process lives for either: whoever waits for one says so.
const alive = setInterval(() => {}, 1000);
const { value } = await changes.next();
clearInterval(alive);
console.log(JSON.stringify(value));
void changes.next(); // nobody waits for what it has to tell
