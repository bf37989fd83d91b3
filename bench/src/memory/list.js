/** `node list.js PATH COUNT keys|entries`: goes through all of a store. */
import { strictEqual } from "node:assert";
import { createStore } from "@cuitty/persist";
import { measure } from "./measured.js";

const [path = "", count, what] = process.argv.slice(2);
const store = await createStore({ name: "bench", path, durability: "relaxed" });

let listed = 0;
let before = "";
/** @param {string} key */
function see(key) {
  if (key <= before) throw new Error(`${key} came after ${before}`);
  before = key;
  listed++;
}

await measure(async () => {
  if (what === "keys") for await (const key of store.kv.keys()) see(key);
  else for await (const { key } of store.kv.list()) see(key);
});
strictEqual(listed, Number(count));
await store.close();
