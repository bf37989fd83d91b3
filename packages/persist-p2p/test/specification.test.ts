import { once } from "node:events";
import { createStore } from "@cuitty/persist";
import { p2p } from "@cuitty/persist-p2p";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./stores.ts";

test("the specification's snippet runs as written, finds others, and warns that it shares with everybody around", {
  timeout: 60_000,
}, async () => {
  const before = process.cwd();
  process.chdir(temporaryFolder());
  onTestFinished(() => process.chdir(before));
  const warned = once(process, "warning");

  const store = await createStore({
    name: "my-app",
    adapter: "p2p",
    discovery: {
      method: "mdns", // or "dht" for wide-area
      topic: "my-app-sync",
    },
  });
  onTestFinished(() => store.close());
  await store.records.put("a", { works: true });

  const discovery = { method: "mdns", topic: "my-app-sync" } as const;
  const other = await createStore({ name: "my-app", adapter: "p2p", path: ":memory:", discovery });
  onTestFinished(() => other.close());
  await p2p(other).synced({ peers: 1 });
  expect((await other.records.get("a"))?.value).toEqual({ works: true });
  expect(await warned).toMatchObject([{ code: "P2P_OPEN_TOPIC" }]);
});
