import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf, digestOf, inChunks } from "../content.ts";
import { bytesAt, content, write } from "../uploading.ts";

const hour = 3_600_000;

export const uploads: Chapter = {
  section: "52",
  title: "Uploads",
  clauses: [
    ...([1, 2] as const).map((seed) =>
      clause(
        `K-upload-small-${seed}`,
        [
          "What is uploaded becomes a blob, whatever the size of its chunks",
          seed === 1 ? "a few bytes" : "bytes one by one",
        ],
        async (t) => {
          const store = await t.store();
          const upload = await store.blobs.createUpload("k");
          await write(upload, bytesOf(300, seed), seed === 1 ? 300 : 1);
          equal(await store.blobs.has("k"), false, "has before it is complete");
          const info = await upload.complete();
          equal(info.size, 300, "size");
          equal(await bytesAt(store, "k"), bytesOf(300, seed), "the bytes");
        },
      ),
    ),

    ...([70_001, 1_048_576, 1_500_000, 2_700_000] as const).map((size) =>
      clause(
        `K-upload-chunks-${size}`,
        ["What is uploaded becomes a blob, whatever the size of its chunks", `2.7 MB in chunks of ${size} bytes`],
        async (t) => {
          const store = await t.store();
          const upload = await store.blobs.createUpload("k");
          await write(upload, content, size);
          const info = await upload.complete();
          equal([info.size, info.digest], [content.length, await digestOf(content)], "size and digest");
          equal(await bytesAt(store, "k"), content, "the bytes");
          equal(await store.blobs.verify("k"), true, "verify");
        },
      ),
    ),

    clause("K-upload-empty", "An upload of nothing is an empty blob", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      await upload.write(new Uint8Array(0));
      equal([upload.committed, (await upload.complete()).size], [0, 0], "committed and size");
      equal(await bytesAt(store, "k"), new Uint8Array(0), "the bytes");
    }),

    clause("K-upload-info", "Type and metadata are those that createUpload was given", async (t) => {
      const { blobs } = await t.store();
      const upload = await blobs.createUpload("k", { contentType: "a/b", metadata: { a: "1", ü: "😀" } });
      await upload.write(bytesOf(10));
      t.clock.advance(1000);
      const info = await upload.complete();
      const { etag, digest } = await blobs.put("same", bytesOf(10));
      const facts = { size: 10, etag, digest, contentType: "a/b", metadata: { a: "1", ü: "😀" } };
      equal(info, { key: "k", ...facts, lastModified: new Date(t.clock.now()) }, "the answer of complete");
      equal(await blobs.head("k"), info, "head");
      const plain = await blobs.createUpload("plain");
      equal((await plain.complete()).contentType, "application/octet-stream", "the type where none is given");
    }),

    clause("K-upload-invisible", "Nothing of an upload is seen before it is complete", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "before");
      const upload = await blobs.createUpload("k");
      await write(upload, content, 400_000);
      equal(await (await blobs.get("k"))?.text(), "before", "the blob");
      equal((await blobs.list().toArray()).length, 1, "how many blobs");
      await upload.complete();
      equal((await blobs.head("k"))?.size, content.length, "the size then");
    }),

    clause("K-upload-committed", "committed never goes back and never beyond what was written", async (t) => {
      const { blobs } = await t.store();
      const upload = await blobs.createUpload("k");
      let before = 0;
      let written = 0;
      for await (const chunk of inChunks(content, 123_456)) {
        await upload.write(chunk);
        written += chunk.length;
        holds(upload.committed >= before && upload.committed <= written, "committed is between");
        before = upload.committed;
      }
      await upload.complete();
      equal(upload.committed, content.length, "committed in the end");
    }),

    clause("K-upload-in-order", "Writes that nobody waits for are taken in their order", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      const writes: Promise<void>[] = [];
      for await (const chunk of inChunks(content, 99_999)) writes.push(upload.write(chunk));
      const completing = upload.complete();
      await Promise.all(writes);
      equal((await completing).size, content.length, "size");
      equal(await bytesAt(store, "k"), content, "the bytes");
    }),

    clause("K-upload-chunk-reused", "A chunk may be changed once write has resolved", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      const chunk = new Uint8Array(1000);
      for (let i = 0; i < 3000; i++) {
        chunk.fill(i);
        await upload.write(chunk);
      }
      await upload.complete();
      const stored = await bytesAt(store, "k");
      holds(
        stored.length === 3_000_000 && stored.every((byte, i) => byte === (Math.floor(i / 1000) & 255)),
        "as written",
      );
    }),

    clause("K-upload-progress", "onProgress tells how many bytes were taken, up to all of them", async (t) => {
      const { blobs } = await t.store();
      const seen: number[] = [];
      const upload = await blobs.createUpload("k", { onProgress: ({ loaded }) => seen.push(loaded) });
      await write(upload, content, 1_000_000);
      equal(seen, [1_000_000, 2_000_000, 2_700_000], "loaded");
      await upload.complete();
    }),

    // ── resuming ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    clause("K-upload-resume", "Whoever has the token goes on behind what is committed", async (t) => {
      const store = await t.store();
      const first = await store.blobs.createUpload("k", { contentType: "a/b", metadata: { a: "1" } });
      await first.write(content.subarray(0, 2_000_000));
      const second = await store.blobs.resumeUpload(first.token);
      equal([second.token, second.committed], [first.token, first.committed], "token and committed");
      await write(second, content.subarray(second.committed), 300_000);
      const info = await second.complete();
      equal([info.size, info.digest], [content.length, await digestOf(content)], "size and digest");
      equal([info.key, info.contentType, info.metadata], ["k", "a/b", { a: "1" }], "key, type and metadata");
      equal(await bytesAt(store, "k"), content, "the bytes");
      equal(await store.blobs.verify("k"), true, "verify");
    }),

    clause("K-upload-resume-often", "An upload may be resumed any number of times, at any place", async (t) => {
      const store = await t.store();
      const { token } = await store.blobs.createUpload("k");
      for (const step of [0, 1, 700_000, 1_048_576, 1_048_577, 900_000]) {
        await using upload = await store.blobs.resumeUpload(token);
        await upload.write(content.subarray(upload.committed, Math.min(content.length, upload.committed + step)));
      }
      const last = await store.blobs.resumeUpload(token);
      await last.write(content.subarray(last.committed));
      await last.complete();
      equal(await bytesAt(store, "k"), content, "the bytes");
    }),

    clause("K-upload-resume-complete-failed", "What complete has sent before it failed is gone on with", async (t) => {
      const store = await t.store();
      if (store.capabilities.blobConditions === "absent") t.absent("blobConditions is absent");
      const upload = await store.blobs.createUpload("k", { ifNoneMatch: "*" });
      await upload.write(content.subarray(0, 1_300_000));
      await store.blobs.put("k", "in the way");
      await refused(() => upload.complete(), "CONFLICT", "complete");
      equal(upload.committed, 1_300_000, "committed");
      const resumed = await store.blobs.resumeUpload(upload.token);
      equal(resumed.committed, 1_300_000, "committed when resumed");
      await resumed.write(content.subarray(1_300_000));
      await store.blobs.delete("k");
      await resumed.complete();
      equal(await bytesAt(store, "k"), content, "the bytes");
    }),

    clause("K-upload-reopened", "An upload is resumed after the store was closed and opened again", async (t) => {
      const place = t.place();
      let store = await place.open();
      const { token, committed } = await (async () => {
        await using upload = await store.blobs.createUpload("k", { metadata: { a: "1" } });
        await upload.write(content.subarray(0, 1_800_000));
        return upload;
      })();
      await place.close();
      store = await place.open();
      const upload = await store.blobs.resumeUpload(token);
      equal(upload.committed, committed, "committed");
      await upload.write(content.subarray(committed));
      equal((await upload.complete()).metadata, { a: "1" }, "metadata");
      equal(await bytesAt(store, "k"), content, "the bytes");
    }),

    clause("K-upload-crashed", "What was committed is there after a crash", async (t) => {
      const place = t.place();
      let store = await place.open();
      const upload = await store.blobs.createUpload("k");
      await upload.write(content.subarray(0, 2_600_000));
      const { token, committed } = upload;
      await place.crash();
      store = await place.open();
      const resumed = await store.blobs.resumeUpload(token);
      holds(resumed.committed >= committed, "committed is not less");
      await resumed.write(content.subarray(resumed.committed));
      await resumed.complete();
      equal(await bytesAt(store, "k"), content, "the bytes");
    }),

    clause(
      "K-upload-kept",
      "An upload is kept for a day since it last got on, and longer while it gets on",
      async (t) => {
        const store = await t.store();
        const upload = await store.blobs.createUpload("k");
        for (let at = 0; at < content.length; at += 300_000) {
          t.clock.advance(23 * hour);
          await store.kv.set("other", at); // where whatever is due is taken away
          await upload.write(content.subarray(at, at + 300_000));
        }
        t.clock.advance(23 * hour);
        const resumed = await store.blobs.resumeUpload(upload.token);
        equal(resumed.committed, content.length, "committed, as nothing was left in memory for a day");
        t.clock.advance(23 * hour);
        await resumed.complete();
        equal(await bytesAt(store, "k"), content, "the bytes");
      },
    ),

    clause(
      "K-upload-expired",
      "An upload that was idle for more than a day is NOT_FOUND, and can be completed no more",
      async (t) => {
        const { blobs } = await t.store();
        const upload = await blobs.createUpload("k");
        await upload.write(bytesOf(1_100_000));
        t.clock.advance(26 * hour);
        await refused(() => blobs.resumeUpload(upload.token), "NOT_FOUND", "resumeUpload");
        await refused(() => upload.complete(), "CONFLICT", "complete");
        equal(await blobs.has("k"), false, "has");
      },
    ),

    clause("K-upload-unknown-token", "A token that nobody was given is NOT_FOUND", async (t) => {
      const { blobs } = await t.store();
      const { token } = await blobs.createUpload("k");
      for (const other of [
        "",
        "a",
        token.toUpperCase() === token ? token.toLowerCase() : token.toUpperCase(),
        `${token}a`,
        "../k",
      ]) {
        await refused(() => blobs.resumeUpload(other), "NOT_FOUND", JSON.stringify(other));
      }
      await refused(() => blobs.resumeUpload(5 as never), "INVALID_ARGUMENT", "a number");
    }),

    clause("K-upload-token-secret", "Tokens differ, tell nothing, and stand in no message", async (t) => {
      const { blobs } = await t.store();
      const tokens = new Set<string>();
      for (let i = 0; i < 20; i++) tokens.add((await blobs.createUpload("the-key")).token);
      equal(tokens.size, 20, "how many tokens");
      for (const token of tokens) holds(token.length >= 20 && !token.includes("the-key"), "long, and without the key");
      const upload = await blobs.createUpload("k");
      const other = await blobs.resumeUpload(upload.token);
      await other.abort();
      const errors = [
        await refused(() => upload.complete(), "CONFLICT", "complete"),
        await refused(() => blobs.resumeUpload(upload.token), "NOT_FOUND", "resumeUpload"),
      ];
      for (const error of errors)
        holds(!JSON.stringify([error, error.message, error.key]).includes(upload.token), "no token");
    }),
  ],
};
