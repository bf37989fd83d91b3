import { expect, it } from "vitest";
import { storeOver } from "./engine-spy.ts";

// A timer that never gets its turn would leave these loops running until vitest gives up.
it.each(["get", "set", "list"] as const)("lets timers have their turn in a loop of %s", async (operation) => {
  const { store } = storeOver();
  await store.kv.setMany(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 1);
  while (!fired) {
    if (operation === "get") await store.kv.get("k1");
    if (operation === "set") await store.kv.set("k1", 1);
    if (operation === "list") for await (const _ of store.kv.keys({ batchSize: 10 })) if (fired) break;
  }
  expect(fired).toBe(true);
});
