/** Opens the file together with others, and writes: a number by `add`, one by reading it and writing it back on condition, and keys of its own. */
import { sqlite } from "../../src/adapter.ts";

const [path = "", rounds = "0"] = process.argv.slice(2);
const adapter = await sqlite({ path, durability: "relaxed" });
const engine = await adapter.engine?.({ name: "test", namespace: "" });
if (engine === undefined) throw new Error("no engine");
const o = () => ({ now: Date.now(), deadline: performance.now() + 60_000 });
const version = () => crypto.randomUUID();

for (let i = 0; i < Number(rounds); i++) {
  await engine.commit([[{ op: "add", space: "kv", key: "added", by: 1, version: version() }]], o());
  const own = { op: "put", space: "kv", key: `own/${process.pid}/${i}`, value: "1", version: version() } as const;
  await engine.commit([[own]], o());
  for (let done = false; !done; ) {
    const [row] = await engine.read("kv", ["swapped"], o());
    const value = String(Number(row?.value ?? "0") + 1);
    const put = { op: "put", space: "kv", key: "swapped", value, version: version() } as const;
    const [result] = await engine.commit([[{ ...put, ifVersion: row?.version ?? null }]], o());
    done = result?.outcome === "applied";
  }
}
await adapter.close?.();
