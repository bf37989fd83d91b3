/** How uploads end: completed by one of those who have the token, given up, or left. */
import { PersistError } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf, digestOf } from "../content.ts";
import { needOneCopy } from "../peer-needs.ts";
import { refusedBeforeIo } from "../untouched.ts";
import { bytesAt, content, write } from "../uploading.ts";

export const endingUploads: Chapter = {
  section: "53",
  title: "Ending uploads",
  clauses: [
    clause(
      "K-upload-race-different",
      "Of two who go on with the same upload differently, one gets through and the other gets CONFLICT",
      async (t) => {
        const store = await t.store();
        const first = await store.blobs.createUpload("k");
        const begin = content.subarray(0, 500_000);
        await first.write(begin);
        const second = await store.blobs.resumeUpload(first.token);
        const rests = [1, 2].map((seed) => bytesOf(1_500_000, 10 + seed));
        const wholes = [[...begin], [...begin.subarray(0, second.committed)]].map(
          (start, i) => new Uint8Array([...start, ...(rests[i] as Uint8Array)]),
        );
        const results = await Promise.allSettled(
          [first, second].map(async (upload, i) => {
            await write(upload, rests[i] as Uint8Array, 250_000);
            return upload.complete();
          }),
        );
        const winners = results.flatMap((result, i) => (result.status === "fulfilled" ? [i] : []));
        equal(winners.length, 1, "how many got through");
        const [loser] = results.filter((result) => result.status === "rejected");
        holds(PersistError.is(loser?.reason, "CONFLICT"), "the other got CONFLICT");
        equal(await bytesAt(store, "k"), wholes[winners[0] as number], "the bytes");
        equal(await store.blobs.verify("k"), true, "verify");
      },
    ),

    clause("K-upload-race-same", "Of two who go on with the same upload equally, one completes it", async (t) => {
      const store = await t.store();
      const first = await store.blobs.createUpload("k");
      const second = await store.blobs.resumeUpload(first.token);
      await Promise.all([write(first, content, 300_000), write(second, content, 170_000)]);
      const results = await Promise.allSettled([first.complete(), second.complete()]);
      const failed = results.filter((result) => result.status === "rejected");
      equal(failed.length, 1, "how many failed");
      holds(PersistError.is(failed[0]?.reason, "CONFLICT"), "with CONFLICT");
      equal(await bytesAt(store, "k"), content, "the bytes");
      equal(await store.blobs.verify("k"), true, "verify");
    }),

    clause(
      "K-upload-overtaken",
      "After a write that failed, later ones fail as well, and the upload can be resumed",
      async (t) => {
        const store = await t.store();
        const late = await store.blobs.createUpload("k");
        const early = await store.blobs.resumeUpload(late.token);
        await early.write(content.subarray(0, 2_000_000));
        if (early.committed === 0) t.absent("the parts of this backend are longer");
        await refused(() => late.write(bytesOf(2_000_000, 7)), "CONFLICT", "a write of other bytes");
        await refused(() => late.write(bytesOf(1)), "CONFLICT", "a later write");
        await refused(() => late.complete(), "CONFLICT", "complete");
        const resumed = await store.blobs.resumeUpload(late.token);
        await resumed.write(content.subarray(resumed.committed));
        await resumed.complete();
        equal(await bytesAt(store, "k"), content, "the bytes");
      },
    ),

    clause("K-upload-beside", "Another store on the same data goes on with the upload", async (t) => {
      needOneCopy(t, "uploads");
      const place = t.place();
      const one = await place.open();
      const other = await place.openBeside();
      const upload = await one.blobs.createUpload("k");
      await upload.write(content.subarray(0, 1_200_000));
      await place.settle();
      const resumed = await other.blobs.resumeUpload(upload.token);
      await resumed.write(content.subarray(resumed.committed));
      await resumed.complete();
      await refused(() => upload.complete(), "CONFLICT", "complete of the first");
      await place.settle();
      equal(await bytesAt(one, "k"), content, "the bytes");
    }),

    // ── completing and giving up ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    clause(
      "K-upload-conditions",
      "Conditions are judged when it is completed, and by what is there then",
      async (t) => {
        const { blobs, capabilities } = await t.store();
        if (capabilities.blobConditions === "absent") t.absent("blobConditions is absent");
        const { etag } = await blobs.put("k", "one");
        const absent = await blobs.createUpload("k", { ifNoneMatch: "*" });
        const match = await blobs.createUpload("k", { ifMatch: etag });
        const other = await blobs.createUpload("new", { ifMatch: etag });
        await refused(() => absent.complete(), "CONFLICT", "ifNoneMatch where there is one");
        await refused(() => other.complete(), "CONFLICT", "ifMatch where there is none");
        equal(await blobs.has("new"), false, "has");
        equal((await match.complete()).size, 0, "ifMatch of the etag");
        await blobs.delete("k");
        equal((await absent.complete()).size, 0, "ifNoneMatch once there is none");
        await blobs.put("new", "one");
        equal((await other.complete()).size, 0, "ifMatch once it is met");
      },
    ),

    clause("K-upload-digest", "The digest is checked when it is completed, also of one that was resumed", async (t) => {
      const { blobs } = await t.store();
      const digest = await digestOf(content);
      const wrong = await blobs.createUpload("k", { digest });
      await wrong.write(content.subarray(1));
      await refused(() => wrong.complete(), "INVALID_VALUE", "complete with other bytes");
      equal(await blobs.has("k"), false, "has");
      await wrong.abort();
      const upload = await blobs.createUpload("k", { digest });
      await upload.write(content.subarray(0, 2_000_000));
      const resumed = await blobs.resumeUpload(upload.token);
      await resumed.write(content.subarray(resumed.committed));
      equal((await resumed.complete()).digest, digest, "digest");
    }),

    clause("K-upload-complete-again", "complete may be called again and answers the same", async (t) => {
      const { blobs } = await t.store();
      const upload = await blobs.createUpload("k");
      await upload.write(bytesOf(10));
      const [first, second] = await Promise.all([upload.complete(), upload.complete()]);
      equal(second, first, "the second answer");
      await blobs.put("k", "after");
      equal(await upload.complete(), first, "the third answer");
      equal(await (await blobs.get("k"))?.text(), "after", "the text");
    }),

    clause("K-upload-ended", "What is complete is written no more, and its token is NOT_FOUND", async (t) => {
      const { blobs } = await t.store();
      const upload = await blobs.createUpload("k");
      await upload.complete();
      await refused(() => upload.write(bytesOf(1)), "INVALID_ARGUMENT", "write");
      await refused(() => blobs.resumeUpload(upload.token), "NOT_FOUND", "resumeUpload");
      await upload.abort();
      equal(await blobs.has("k"), true, "has after an abort that came too late");
      equal(await blobs.verify("k"), true, "verify");
    }),

    clause("K-upload-abort", "abort gives it up", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "before");
      const upload = await blobs.createUpload("k");
      await upload.write(content);
      await upload.abort();
      await upload.abort();
      await refused(() => upload.write(bytesOf(1)), "INVALID_ARGUMENT", "write");
      await refused(() => upload.complete(), "INVALID_ARGUMENT", "complete");
      await refused(() => blobs.resumeUpload(upload.token), "NOT_FOUND", "resumeUpload");
      equal(await (await blobs.get("k"))?.text(), "before", "the text");
    }),

    clause(
      "K-upload-aborted-elsewhere",
      "Who writes to an upload that was aborted elsewhere gets CONFLICT",
      async (t) => {
        const { blobs } = await t.store();
        const upload = await blobs.createUpload("k");
        await upload.write(content.subarray(0, 1_200_000));
        await (await blobs.resumeUpload(upload.token)).abort();
        await refused(
          async () => {
            await upload.write(content.subarray(1_200_000));
            await upload.complete();
          },
          "CONFLICT",
          "to go on",
        );
        equal(await blobs.has("k"), false, "has");
      },
    ),

    clause("K-upload-abort-completed-elsewhere", "abort leaves alone what was completed elsewhere", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      await upload.write(content);
      const other = await store.blobs.resumeUpload(upload.token);
      await other.write(content.subarray(other.committed));
      await other.complete();
      await upload.abort();
      equal(await bytesAt(store, "k"), content, "the bytes");
    }),

    clause("K-upload-dispose", "Disposing of an upload keeps it for whoever has its token", async (t) => {
      const store = await t.store();
      let token = "";
      let writing: Promise<void> | undefined;
      {
        await using upload = await store.blobs.createUpload("k");
        ({ token } = upload);
        writing = upload.write(content);
      }
      await writing;
      const resumed = await store.blobs.resumeUpload(token);
      await resumed.write(content.subarray(resumed.committed));
      {
        await using upload = resumed;
        await upload.complete();
      }
      equal(await bytesAt(store, "k"), content, "the bytes");
      const disposed = await store.blobs.createUpload("k");
      await disposed[Symbol.asyncDispose]();
      await refused(() => disposed.write(bytesOf(1)), "INVALID_ARGUMENT", "write");
      await refused(() => disposed.complete(), "INVALID_ARGUMENT", "complete");
    }),

    clause("K-upload-closed", "Once the store is closed, an upload is CLOSED", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      await store.close();
      for (const [what, call] of [
        ["write", () => upload.write(bytesOf(1))],
        ["complete", () => upload.complete()],
        ["abort", () => upload.abort()],
        ["resumeUpload", () => store.blobs.resumeUpload(upload.token)],
      ] as const) {
        await refused(call, "CLOSED", what);
      }
    }),

    // ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    clause("K-upload-bad-options", "What put refuses, createUpload refuses, before any I/O", async (t) => {
      const watched = await t.watched();
      const refuse = (o: object, code: "INVALID_ARGUMENT" | "TOO_LARGE" = "INVALID_ARGUMENT") =>
        refusedBeforeIo(watched, (store) => store.blobs.createUpload("k", o), code, JSON.stringify(o));
      await refuse({ contentType: "" });
      await refuse({ metadata: { a: 1 } });
      await refuse({ metadata: { a: "x".repeat(1024) } }, "TOO_LARGE");
      await refuse({ digest: "md5:1" });
      await refuse({ onProgress: 5 });
      await refuse({ ifMatch: undefined });
      await refuse({ ifMatch: "a", ifNoneMatch: "*" });
      await refuse({ contenttype: "a/b" });
    }),

    clause("K-upload-bad-chunk", "What is no Uint8Array is refused, and the upload goes on", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      for (const chunk of ["text", undefined, null, 5, [1], new ArrayBuffer(1)]) {
        await refused(() => upload.write(chunk as never), "INVALID_ARGUMENT", String(chunk));
      }
      await refused(() => upload.write(bytesOf(1), { timeOut: 5 } as never), "INVALID_ARGUMENT", "an unknown option");
      await refused(
        () => upload.complete({ force: true } as never),
        "INVALID_ARGUMENT",
        "an unknown option of complete",
      );
      await upload.write(bytesOf(3));
      await upload.complete();
      equal(await bytesAt(store, "k"), bytesOf(3), "the bytes");
    }),

    clause("K-upload-resume-options", "resumeUpload takes signal and timeout, and nothing else", async (t) => {
      const watched = await t.watched();
      const { token } = await watched.store.blobs.createUpload("k");
      const refuse = (o: object, code: "INVALID_ARGUMENT" | "ABORTED") =>
        refusedBeforeIo(watched, (store) => store.blobs.resumeUpload(token, o), code, JSON.stringify(o));
      await refuse({ signal: AbortSignal.abort() }, "ABORTED");
      await refuse({ signal: "a" }, "INVALID_ARGUMENT");
      await refuse({ timeout: -1 }, "INVALID_ARGUMENT");
      await refuse({ ifMatch: "a" }, "INVALID_ARGUMENT");
      const signal = new AbortController().signal;
      equal((await watched.store.blobs.resumeUpload(token, { signal, timeout: "1m" })).committed, 0, "committed");
    }),

    clause("K-upload-aborted-signal", "A write whose signal is aborted already takes nothing", async (t) => {
      const store = await t.store();
      const upload = await store.blobs.createUpload("k");
      await refused(() => upload.write(bytesOf(5), { signal: AbortSignal.abort() }), "ABORTED", "write");
      await upload.write(bytesOf(3));
      await refused(() => upload.complete({ signal: AbortSignal.abort() }), "ABORTED", "complete");
      await upload.complete();
      equal(await bytesAt(store, "k"), bytesOf(3), "the bytes");
    }),
  ],
};
