/** Consumes under a name that others use too, and says what it handles, line by line. Lives until it is killed or its input ends. */
import { createStore } from "@cuitty/persist-core";
import { sqlite } from "../../src/adapter.ts";

const [path = "", origin = "0"] = process.argv.slice(2);
/** Ten times as fast, from a moment that all of them know, so that nobody waits long for the lease of the dead. */
const clock = () => Number(origin) + (Date.now() - Number(origin)) * 10;
const adapter = await sqlite({ path, durability: "relaxed" });
const store = await createStore({ name: "test", adapter, clock });
const consumer = store.events.consume(
  "c",
  async ({ position }) => {
    process.stdout.write(`${position}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  },
  { batchSize: 10 },
);
process.stdin.resume().on("end", async () => {
  await consumer.stop();
  await store.close();
  await adapter.close?.();
});
