/**
 * One document that holds all records, over one stream of libp2p: both tell their state vectors, send what the other lacks, and then each update. Updates are appended to a
 * file, which is not synced.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { LengthPrefixedStream } from "@libp2p/utils";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { startNode } from "../libp2p-node.ts";
import type { Peer } from "../peer.ts";
import { type BenchRecord, keyOf, recordsOf } from "../record.ts";
import { createTally } from "../tally.ts";

const vectorType = 0;
const updateType = 1;

export async function openYjs(folder: string): Promise<Peer> {
  const doc = new Doc();
  const records = doc.getMap<BenchRecord>("records");
  const tally = createTally();
  const links = new Set<LengthPrefixedStream>();
  let kept = Promise.resolve();

  doc.on("update", (update, origin) => {
    kept = kept.then(() => appendFile(join(folder, "updates"), framed(update)));
    for (const link of links) if (link !== origin) void send(link, updateType, update);
  });
  records.observe((event, transaction) => {
    if (transaction.local) return;
    const { size } = event.keysChanged;
    void kept.then(() => tally.add(size));
  });

  const run = async (link: LengthPrefixedStream) => {
    links.add(link);
    await send(link, vectorType, encodeStateVector(doc));
    for (;;) {
      const frame = (await link.read()).subarray();
      const body = frame.subarray(1);
      if (frame[0] === updateType) applyUpdate(doc, body, link);
      else await send(link, updateType, encodeStateAsUpdate(doc, body));
    }
  };
  /** Until the connection ends, which it does by an error. */
  const serve = (link: LengthPrefixedStream) => void run(link).catch(() => links.delete(link));

  const node = await startNode("/bench/yjs/1.0.0", serve);
  return {
    async write(batch) {
      doc.transact(() => {
        for (const record of recordsOf(batch)) records.set(keyOf(record.n), record);
      });
      await kept;
    },
    address: async () => node.address(),
    connect: async (to) => serve(await node.open(to)),
    arrived: (writes) => tally.reached(writes),
    records: async () => records.values(),
    close: async () => node.stop(),
  };
}

function framed(update: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(update.length);
  return Buffer.concat([length, update]);
}

async function send(link: LengthPrefixedStream, type: number, body: Uint8Array): Promise<void> {
  await link.write(Buffer.concat([Uint8Array.of(type), body]));
}
