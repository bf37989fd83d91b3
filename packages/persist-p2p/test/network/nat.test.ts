/** Stores at home, set up as docs/p2p.md says for peers behind routers. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { areInSync, digests, type Status, type StoreProcess, startStore } from "../processes/store-processes.ts";
import { temporaryFolder } from "../stores.ts";
import { runCommand } from "./commands.ts";
import { createInternet, findRouters } from "./homes.ts";
import { whyLeftOut } from "./namespaces.ts";
import { newTopic } from "./networks.ts";

const wait = { timeout: 120_000, interval: 50 };

const missing = whyLeftOut(findRouters);

function untilEqual(stores: readonly StoreProcess[]): Promise<void> {
  return expect.poll(async () => (await areInSync(stores)) && new Set(await digests(stores)).size, wait).toBe(1);
}

describe.skipIf(missing)(`behind routers${missing && ` (skipped: ${missing})`}`, () => {
  test("peers find each other by a relay, have the same over it, and again after it was away", {
    timeout: 400_000,
  }, async () => {
    const { server, homes } = createInternet(2);
    const folder = temporaryFolder();
    const startRelay = () =>
      runCommand("relay", {
        namespace: server.namespace,
        listen: `/ip4/${server.address}/tcp/4001`,
        folder: join(folder, "relay"),
      });
    const relay = await startRelay();
    const node = relay.address;
    const discovery = { method: ["mdns", "dht"], topic: newTopic(), bootstrap: [node] } as const;
    const listen = ["/ip4/0.0.0.0/tcp/0"];
    const stores = await Promise.all(
      homes.map((namespace, i) =>
        startStore({ path: join(folder, `${i}.db`), discovery, listen, relay: [node] }, { namespace }),
      ),
    );
    const [a, b] = stores as [StoreProcess, StoreProcess];

    await a.ask({ do: "put-blob", key: "picture", size: 3_000_000 });
    await b.ask({ do: "set", key: "of b", value: "b" });
    await untilEqual(stores);
    for (const store of stores) {
      const { over } = await store.ask<Status>({ do: "status" });
      expect(over).toEqual([expect.stringContaining("/p2p-circuit")]);
    }

    await relay.kill();
    await a.ask({ do: "set", key: "of a, alone", value: "a" });
    await b.ask({ do: "set", key: "of b, alone", value: "b" });
    await startRelay();
    await untilEqual(stores);
    expect(await b.ask({ do: "get", key: "of a, alone" })).toBe("a");
  });
});
