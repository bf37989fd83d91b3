/** Commits pairs of rows for ever, and says the number of each pair once it is acknowledged. For tests that kill it. */
import { sqlite } from "../../src/adapter.ts";

const [path = "", durability = "full"] = process.argv.slice(2);
const adapter = await sqlite({ path, durability: durability as "full" | "relaxed" });
const engine = await adapter.engine?.({ name: "test", namespace: "" });

for (let n = 0; ; n++) {
  const write = (key: string) =>
    ({ op: "put", space: "kv", key: `${key}-${n}`, value: String(n), version: crypto.randomUUID() }) as const;
  const event = { id: String(n), type: "written", tags: [], data: String(n) };
  const append = { op: "append", stream: "s", events: [event] } as const;
  const o = { now: Date.now(), deadline: performance.now() + 10_000 };
  const [result] = (await engine?.commit([[write("left"), append, write("right")]], o)) ?? [];
  if (result?.outcome !== "applied") throw new Error(`not applied: ${JSON.stringify(result)}`);
  // Written to the pipe before the next commit, so that nothing acknowledged is lost with this process.
  await new Promise((resolve) => process.stdout.write(`${n}\n`, resolve));
}
