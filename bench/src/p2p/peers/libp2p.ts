/**
 * A bare connection, which brings no records: what libp2p itself takes, and then two questions with their answers, as long as the frames by which two of ours prove that they
 * belong together. And a content over the same stream.
 */
import { createHash } from "node:crypto";
import type { LengthPrefixedStream } from "@libp2p/utils";
import { contentOf } from "../content.ts";
import { startNode } from "../libp2p-node.ts";
import type { Peer } from "../peer.ts";

/** In bytes: as long as a chunk of ours. */
const chunkBytes = 2 ** 18;
const questions = [new Uint8Array(38), new Uint8Array(37)];

export async function openLibp2p(): Promise<Peer> {
  let connected = Promise.withResolvers<LengthPrefixedStream>();
  let offered: Uint8Array = new Uint8Array();
  const parts: Uint8Array[] = [];

  const node = await startNode("/bench/bare/1.0.0", (frames) => {
    void answer(frames).then(() => sendInChunks(frames, offered));
  });
  return {
    write: async () => undefined,
    address: async () => node.address(),
    async connect(to) {
      connected = Promise.withResolvers();
      const link = await node.open(to);
      for (const question of questions) {
        await link.write(question);
        await link.read();
      }
      connected.resolve(link);
    },
    arrived: async () => void (await connected.promise),
    records: async () => [],
    content: {
      async offer(bytes) {
        offered = contentOf(bytes);
      },
      async arrived(bytes) {
        const frames = await connected.promise;
        for (let left = bytes; left > 0; ) {
          const chunk = await frames.read();
          left -= chunk.byteLength;
          parts.push(...chunk);
        }
      },
      async digest() {
        const hash = createHash("sha256");
        for (const part of parts) hash.update(part);
        return hash.digest("hex");
      },
    },
    close: async () => node.stop(),
  };
}

async function answer(link: LengthPrefixedStream): Promise<void> {
  for (const _ of questions) await link.write(await link.read());
}

async function sendInChunks(link: LengthPrefixedStream, content: Uint8Array): Promise<void> {
  for (let at = 0; at < content.length; at += chunkBytes) await link.write(content.subarray(at, at + chunkBytes));
}
