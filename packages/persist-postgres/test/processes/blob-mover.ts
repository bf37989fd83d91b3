/** Moves 64 MiB into the database and out again, and tells whether they are the same and by how much the process grew. */
import { createHash } from "node:crypto";
import { createSweeper } from "@cuitty/persist-core";
import { createBytes } from "../../src/bytes.ts";
import { open } from "../../src/open.ts";
import { parseOptions } from "../../src/options.ts";

const total = 64 * 1024 * 1024;
const o = { now: 1000, deadline: Number.POSITIVE_INFINITY };

const { connection, close } = await open(parseOptions({ url: process.argv[2] as string, schema: "s" }));
const bytes = createBytes(
  connection,
  createSweeper(() => ({ more: false })),
);

async function* body(length: number): AsyncIterable<Uint8Array> {
  const piece = new Uint8Array(64 * 1024);
  for (let at = 0; at < length; at += piece.length) {
    piece.fill((at / piece.length) & 0xff);
    yield piece;
  }
}

async function move(length: number): Promise<boolean> {
  const { token, sha256 } = await bytes.stage(body(length), o);
  const hash = createHash("sha256");
  const row = { key: "k", value: "{}", version: "1", content: token };
  for await (const chunk of bytes.open(row, { offset: 0, length }, o)) hash.update(chunk);
  return hash.digest("hex") === sha256;
}

await move(4 * 1024 * 1024); // so that what is loaded once is not counted
const before = process.resourceUsage().maxRSS;
const isSame = await move(total);
console.log(JSON.stringify({ isSame, grown: (process.resourceUsage().maxRSS - before) * 1024 }));
await close();
