/** `node blob.js PATH in|out|uploaded BYTES`: stores the content as a blob, reads it back, or stores it by an upload in pieces. */
import { strictEqual } from "node:assert";
import { createStore } from "@cuitty/persist";
import { content, digestOf } from "./content.js";
import { measure } from "./measured.js";

const [path = "", direction, bytes] = process.argv.slice(2);
const store = await createStore({ name: "bench", path, durability: "relaxed" });

const digest = await measure(async () => {
  if (direction === "in") return (await store.blobs.put("content", content(Number(bytes)))).digest;
  if (direction === "uploaded") return (await upload()).digest;
  const blob = await store.blobs.get("content");
  return blob && `sha-256:${await digestOf(blob.body)}`;
});
await store.close();

async function upload() {
  const upload = await store.blobs.createUpload("uploaded");
  for await (const chunk of content(Number(bytes))) await upload.write(chunk);
  return upload.complete();
}

// Made after the measurement, because this takes memory too.
strictEqual(digest, `sha-256:${await digestOf(content(Number(bytes)))}`);
