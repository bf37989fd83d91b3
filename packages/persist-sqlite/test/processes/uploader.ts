/** Uploads bytes that follow from their places: `PATH TOKEN SEED`, a new upload where the token is `-`. Says its token, waits for a line, then says how far it has come after each chunk, then how it ended. */
import { once } from "node:events";
import { createStore, PersistError } from "@cuitty/persist-core";
import { sqlite } from "../../src/adapter.ts";
import { uploadedBytes, uploadSize } from "./uploaded.ts";

const [path = "", resumed = "-", seed = "0"] = process.argv.slice(2);
const store = await createStore({ name: "test", adapter: await sqlite({ path }) });
const upload = resumed === "-" ? await store.blobs.createUpload("k") : await store.blobs.resumeUpload(resumed);
const chunkBytes = 300_000;

// Written to the pipe before going on, so that nothing acknowledged is lost with this process.
const say = (what: unknown) => new Promise((resolve) => process.stdout.write(`${what}\n`, resolve));

await say(upload.token);
await once(process.stdin, "data"); // until it is told to begin
process.stdin.destroy();
try {
  for (let at = upload.committed; at < uploadSize; at += chunkBytes) {
    await upload.write(uploadedBytes(at, Math.min(uploadSize, at + chunkBytes), Number(seed)));
    await say(upload.committed);
  }
  await upload.complete();
  await say("complete");
} catch (error) {
  await say(PersistError.is(error) ? error.code : error);
}
await store.close();
