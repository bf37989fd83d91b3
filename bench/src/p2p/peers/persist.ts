/** Ours, with its defaults, so that what has arrived is durable. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Store } from "@cuitty/persist";
import { p2p } from "@cuitty/persist-p2p";
import { inCrowds } from "../../call-styles.ts";
import { contentOf } from "../content.ts";
import { multiaddrOf } from "../libp2p-node.ts";
import type { Peer } from "../peer.ts";
import { type BenchRecord, keyOf, keyPrefix, recordsOf } from "../record.ts";
import { openReplicated } from "../stores.ts";

const contentKey = "content";
/** In milliseconds. `synced` would wait until the other one knows it too, which nobody else is asked for. */
const lookInterval = 2;

export async function openPersist(folder: string): Promise<Peer> {
  const path = join(folder, "store.db");
  let dialled = "";
  /** Whoever calls while it is opened anew waits. */
  let store: Promise<Store> = openReplicated(path, []);

  return {
    async write(batch) {
      const { records } = await store;
      await inCrowds(recordsOf(batch), (record) => records.put(keyOf(record.n), record));
    },
    async address() {
      const peer = p2p(await store);
      await peer.started();
      const [address = ""] = peer.status().listening;
      const [, port = "", id = ""] = /\/tcp\/(\d+)\/p2p\/(\w+)$/.exec(address) ?? [];
      return { port: Number(port), detail: id };
    },
    async connect(to) {
      const address = String(multiaddrOf(to));
      if (address === dialled) return; // it connects again by itself
      dialled = address;
      const before = store;
      store = before.then((open) => open.close()).then(() => openReplicated(path, [address]));
      await store;
    },
    async arrived() {
      const { peers } = p2p(await store);
      while (!peers().some(({ behind }) => behind === 0)) await setTimeout(lookInterval);
    },
    async records() {
      const { records } = await store;
      const found: BenchRecord[] = [];
      for await (const { value } of records.list({ prefix: keyPrefix })) found.push(value as BenchRecord);
      return found;
    },
    content: {
      async offer(bytes) {
        const { blobs } = await store;
        await blobs.put(contentKey, contentOf(bytes));
      },
      async arrived() {
        const { blobs } = await store;
        for await (const _ of blobs.watch({ prefix: contentKey })) {
          if (await blobs.has(contentKey)) return;
        }
      },
      async digest() {
        const { blobs } = await store;
        const blob = await blobs.get(contentKey);
        if (blob === undefined) throw new Error("the content is not here");
        const hash = createHash("sha256");
        for await (const chunk of blob.body) hash.update(chunk);
        return hash.digest("hex");
      },
    },
    close: async () => (await store).close(),
  };
}
