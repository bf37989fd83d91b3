/** Bytes by key, streamed both ways, all or nothing. */
import type { BlobBody, Store } from "@cuitty/persist-core";
import { equal, fail, holds, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf, digestOf, failingAfter, inChunks } from "../content.ts";
import { refusedBeforeIo } from "../untouched.ts";

const text = "grüße, 世界 😀\n";
const utf8 = new TextEncoder().encode(text);

const bodies: readonly (readonly [
  slug: string,
  make: () => BlobBody,
  expected: Uint8Array<ArrayBuffer>,
  what: string,
])[] = [
  ["text", () => text, utf8, "a string, as UTF-8"],
  ["text-empty", () => "", new Uint8Array(0), "an empty string"],
  ["array-buffer", () => utf8.slice().buffer, utf8, "an ArrayBuffer"],
  ["bytes", () => utf8, utf8, "a Uint8Array"],
  ["bytes-empty", () => new Uint8Array(0), new Uint8Array(0), "an empty Uint8Array"],
  ["view", () => bytesOf(100).subarray(10, 20), bytesOf(100).slice(10, 20), "a part of a larger buffer"],
  ["data-view", () => new DataView(bytesOf(100).buffer, 5, 50), bytesOf(100).slice(5, 55), "a DataView"],
  ["words", () => new Uint16Array(bytesOf(64).buffer), bytesOf(64), "a typed array of another kind, as its bytes"],
  ["blob", () => new Blob([utf8, utf8]), new Uint8Array([...utf8, ...utf8]), "a Blob"],
  ["stream", () => new Blob([bytesOf(200_000)]).stream(), bytesOf(200_000), "a ReadableStream"],
  ["iterable", () => inChunks(bytesOf(10_000), 999), bytesOf(10_000), "an async iterable"],
  ["iterable-empty", () => inChunks(new Uint8Array(0), 1), new Uint8Array(0), "an async iterable of nothing"],
  ["single-bytes", () => inChunks(bytesOf(300), 1), bytesOf(300), "an async iterable of single bytes"],
  ["empty-chunks", () => withEmptyChunks(bytesOf(50)), bytesOf(50), "an async iterable with empty chunks"],
  ["256k", () => bytesOf(256 * 1024), bytesOf(256 * 1024), "256 KiB"],
  ["256k-and-1", () => bytesOf(256 * 1024 + 1), bytesOf(256 * 1024 + 1), "256 KiB and a byte"],
  ["1m-less-1", () => bytesOf(1024 * 1024 - 1), bytesOf(1024 * 1024 - 1), "1 MiB less a byte"],
  ["3m", () => inChunks(bytesOf(3_000_000), 70_001), bytesOf(3_000_000), "3 MB in uneven chunks"],
];

const badBodies: readonly (readonly [slug: string, body: unknown, what: string])[] = [
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["number", 5, "a number"],
  ["object", {}, "an object"],
  ["array", [1, 2], "an array"],
];

async function* withEmptyChunks(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield new Uint8Array(0);
  yield bytes.subarray(0, 10);
  yield new Uint8Array(0);
  yield bytes.subarray(10);
  yield new Uint8Array(0);
}

export const blobs: Chapter = {
  section: "50",
  title: "Blobs",
  clauses: [
    clause("K-blobs-missing", "What is not there is undefined, and no error", async (t) => {
      const { blobs } = await t.store();
      equal(await blobs.get("k"), undefined, "get");
      equal(await blobs.head("k"), undefined, "head");
      equal(await blobs.has("k"), false, "has");
      equal(await blobs.delete("k"), false, "delete");
      equal(await blobs.list().toArray(), [], "list");
      equal(await blobs.get("k", { range: { offset: 5 } }), undefined, "get with a range");
    }),

    ...bodies.map(([slug, make, expected, what]) =>
      clause(
        `K-blobs-body-${slug}`,
        ["A body may be text, bytes, a Blob, a stream or an async iterable, of any size", what],
        async (t) => {
          const { blobs } = await t.store();
          const info = await blobs.put("k", make());
          equal(info.size, expected.length, "size");
          equal(info.digest, await digestOf(expected), "digest");
          const blob = present(await blobs.get("k"), "the blob");
          equal(await blob.bytes(), expected, "the bytes");
        },
      ),
    ),

    ...badBodies.map(([slug, body, what]) =>
      clause(`K-blobs-body-refused-${slug}`, ["A body of another kind is refused before any I/O", what], async (t) => {
        const put = (store: Store) => store.blobs.put("k", body as never);
        await refusedBeforeIo(await t.watched(), put, "INVALID_ARGUMENT", "blobs.put");
      }),
    ),

    clause("K-blobs-info", "put, head and get give the same facts, and list the shorter ones", async (t) => {
      const { blobs } = await t.store();
      const put = await blobs.put("k", utf8, { contentType: "text/x-greeting", metadata: { a: "1", "ü 😀": "ß" } });
      const { etag, ...facts } = put;
      const expected = {
        key: "k",
        size: utf8.length,
        digest: await digestOf(utf8),
        contentType: "text/x-greeting",
        metadata: { a: "1", "ü 😀": "ß" },
        lastModified: new Date(t.clock.now()),
      };
      equal(facts, expected, "the answer of put without its etag");
      holds(typeof etag === "string" && etag !== "", "the etag is a text");
      equal(await blobs.head("k"), put, "head");
      const got = present(await blobs.get("k"), "get");
      for (const name of Object.keys(put) as (keyof typeof put)[]) equal(got[name], put[name], `${name} of get`);
      const { key, size, lastModified } = put;
      const listed = await blobs.list().toArray();
      // A listing may tell it by the clock of the server.
      const isNow = Math.abs(Date.now() - (listed[0]?.lastModified.getTime() ?? 0)) < 3_600_000;
      const told = isNow ? listed[0]?.lastModified : lastModified;
      equal(listed, [{ key, size, etag, lastModified: told }], "list");
    }),

    clause("K-blobs-digest", "The digest is the SHA-256 of the content, in lower-case hex", async (t) => {
      const { blobs } = await t.store();
      const { digest } = await blobs.put("k", "abc");
      equal(digest, "sha-256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "of abc");
      const nothing = await blobs.put("k", "");
      equal(nothing.digest, "sha-256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "of nothing");
    }),

    clause("K-blobs-etag", "The etag is equal for equal bytes and differs for others", async (t) => {
      const { blobs } = await t.store();
      const a = await blobs.put("a", "one");
      const b = await blobs.put("b", "one", { contentType: "text/other" });
      const c = await blobs.put("c", "two");
      equal(a.etag, b.etag, "the etag of the same bytes");
      holds(a.etag !== c.etag, "other bytes have another etag");
    }),

    clause("K-blobs-replace", "put replaces content, type and metadata", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "a long first content", { contentType: "a/b", metadata: { a: "1" } });
      t.clock.advance(1000);
      await blobs.put("k", "second", { metadata: { b: "2" } });
      const blob = present(await blobs.get("k"), "the blob");
      equal(await blob.text(), "second", "the text");
      equal([blob.contentType, blob.metadata], ["text/plain; charset=utf-8", { b: "2" }], "type and metadata");
      equal(blob.lastModified, new Date(t.clock.now()), "lastModified");
    }),

    clause(
      "K-blobs-content-type",
      "The type is the one given, else the Blob's own, else that of text for a string, else bytes",
      async (t) => {
        const { blobs } = await t.store();
        const typeOf = async (body: BlobBody, o?: { contentType: string }) =>
          (await blobs.put("k", body, o)).contentType;
        equal(await typeOf(utf8), "application/octet-stream", "of bytes");
        equal(await typeOf("text"), "text/plain; charset=utf-8", "of a string");
        equal(await typeOf(new Blob(["x"], { type: "image/png" })), "image/png", "of a Blob with a type");
        equal(await typeOf(new Blob(["x"])), "application/octet-stream", "of a Blob without one");
        equal(
          await typeOf(new Blob(["x"], { type: "image/png" }), { contentType: "a/b" }),
          "a/b",
          "where one is given",
        );
      },
    ),

    clause("K-blobs-bad-content-type", "A content type that is no header text is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const contentType of ["", "a\r\nb", "ü", "x".repeat(256), 5, null] as string[]) {
        const put = (store: Store) => store.blobs.put("k", "x", { contentType });
        await refusedBeforeIo(watched, put, "INVALID_ARGUMENT", `contentType: ${JSON.stringify(contentType)}`);
      }
    }),

    clause("K-blobs-metadata-exact", "Metadata keeps names and texts as they are", async (t) => {
      const { blobs } = await t.store();
      const metadata = {
        "X-Upper": "A",
        "x-upper": "a",
        "with space": " b ",
        ünï: "ö\n\0",
        "a:b=c;d": "",
        constructor: "c",
      };
      await blobs.put("k", "x", { metadata });
      equal((await blobs.head("k"))?.metadata, metadata, "metadata");
    }),

    clause(
      "K-blobs-bad-metadata",
      "Metadata that is no object of well-formed strings is refused before any I/O",
      async (t) => {
        const watched = await t.watched();
        for (const metadata of [
          null,
          5,
          "a",
          ["a"],
          { a: 1 },
          { a: null },
          { a: "\ud800" },
          { "\ud800": "a" },
          { "": "a" },
        ]) {
          const put = (store: Store) => store.blobs.put("k", "x", { metadata: metadata as never });
          await refusedBeforeIo(watched, put, "INVALID_ARGUMENT", `metadata: ${JSON.stringify(metadata)}`);
        }
      },
    ),

    clause("K-blobs-progress", "onProgress tells how many bytes were taken, up to all of them", async (t) => {
      const { blobs } = await t.store();
      const content = bytesOf(600_000);
      for (const [what, body, total] of [
        ["bytes", content, 600_000],
        ["a stream", inChunks(content, 50_000), undefined],
      ] as const) {
        const seen: { loaded: number; total?: number }[] = [];
        await blobs.put("k", body, { onProgress: (progress) => seen.push(progress) });
        equal(seen.at(-1)?.loaded, 600_000, `${what}: loaded at the end`);
        for (const [i, { loaded, total: told }] of seen.entries()) {
          holds(loaded > (seen[i - 1]?.loaded ?? 0), `${what}: loaded grows`);
          equal(told, total, `${what}: total`);
        }
      }
    }),

    clause(
      "K-blobs-digest-checked",
      "A digest that is given must be that of the content, else nothing is stored",
      async (t) => {
        const { blobs } = await t.store();
        const digest = await digestOf(new TextEncoder().encode("right"));
        await blobs.put("k", "right", { digest });
        await refused(() => blobs.put("k", "wrong", { digest }), "INVALID_VALUE", "other content");
        await refused(() => blobs.put("new", "wrong", { digest }), "INVALID_VALUE", "other content under a new key");
        equal(await (await blobs.get("k"))?.text(), "right", "the text");
        equal(await blobs.has("new"), false, "has of the new key");
      },
    ),

    clause("K-blobs-bad-digest", "A malformed digest is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const digest of ["", "sha-256:", `sha-256:${"A".repeat(64)}`, `md5:${"a".repeat(64)}`, "a".repeat(64), 5]) {
        const put = (store: Store) => store.blobs.put("k", "x", { digest: digest as never });
        await refusedBeforeIo(watched, put, "INVALID_ARGUMENT", `digest: ${digest}`);
      }
    }),

    clause("K-blobs-body-fails", "Where the body fails nothing is stored, and the blob before stays", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "before");
      const mine = new Error("the disk was pulled");
      for (const key of ["k", "new"]) {
        const error = await refused(() => blobs.put(key, failingAfter(bytesOf(500_000), mine)), "ABORTED", "put");
        holds(error.cause === mine, "the cause is the body's own error");
      }
      equal(await (await blobs.get("k"))?.text(), "before", "the text");
      equal(await blobs.has("new"), false, "has of the new key");
    }),

    clause(
      "K-blobs-body-bad-chunk",
      "A body that yields something else than bytes is refused, closed, and nothing is stored",
      async (t) => {
        const { blobs } = await t.store();
        let closed = false;
        async function* body() {
          try {
            yield bytesOf(10);
            yield "text" as never;
            yield bytesOf(10);
          } finally {
            closed = true;
          }
        }
        await refused(() => blobs.put("k", body()), "INVALID_VALUE", "put");
        equal(closed, true, "whether the body was closed");
        equal(await blobs.has("k"), false, "has");
      },
    ),

    clause(
      "K-blobs-aborted-body",
      "A put that is aborted while its body is read stops the body and stores nothing",
      async (t) => {
        const { blobs } = await t.store();
        await blobs.put("k", "before");
        const controller = new AbortController();
        let closed = false;
        async function* endless() {
          try {
            for (let i = 0; ; i++) {
              if (i === 3) controller.abort();
              yield bytesOf(1000);
            }
          } finally {
            closed = true;
          }
        }
        await refused(() => blobs.put("k", endless(), { signal: controller.signal }), "ABORTED", "put");
        equal(await (await blobs.get("k"))?.text(), "before", "the text");
        for (let i = 0; i < 200 && !closed; i++) await new Promise((resolve) => setTimeout(resolve, 5));
        equal(closed, true, "whether the body was closed");
      },
    ),

    clause(
      "K-blobs-stalled-body",
      "A body that does not go on is TIMEOUT after `timeout` without progress",
      async (t) => {
        const { blobs } = await t.store();
        async function* stuck() {
          yield bytesOf(10);
          await new Promise(() => undefined);
        }
        await refused(() => blobs.put("k", stuck(), { timeout: 20 }), "TIMEOUT", "put");
        equal(await blobs.has("k"), false, "has");
      },
    ),

    clause("K-blobs-not-torn", "Of puts to one key at once, one is stored whole", async (t) => {
      const { blobs } = await t.store();
      const bodies = Array.from({ length: 6 }, (_, i) => bytesOf(300_000 + i, i + 1));
      await Promise.all(bodies.map((body) => blobs.put("k", inChunks(body, 40_000))));
      const blob = present(await blobs.get("k"), "the blob");
      const body = bodies[blob.size - 300_000] ?? fail(`the size is that of none of them: ${blob.size}`);
      equal(await blob.bytes(), body, "the bytes");
    }),

    clause("K-blobs-concurrent", "Many blobs can be written and read at once", async (t) => {
      const { blobs } = await t.store();
      const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
      await Promise.all(keys.map((key, i) => blobs.put(key, bytesOf(20_000 + i, i))));
      const sizes = await Promise.all(keys.map(async (key) => (await (await blobs.get(key))?.bytes())?.length));
      equal(
        sizes,
        keys.map((_, i) => 20_000 + i),
        "the sizes",
      );
    }),

    clause("K-blobs-delete", "delete removes, and says whether there was anything", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "x");
      equal(await blobs.delete("k"), true, "the first delete");
      equal(await blobs.delete("k"), false, "the second delete");
      equal(await blobs.get("k"), undefined, "get");
      await blobs.put("k", "y");
      equal(await (await blobs.get("k"))?.text(), "y", "the text of one made anew");
    }),

    clause("K-blobs-clear", "clear removes blobs and nothing else, and counts them", async (t) => {
      const store = await t.store();
      for (const key of ["a", "a/1", "a/2", "b"]) await store.blobs.put(key, key);
      await store.kv.set("a/1", 1);
      equal(await store.blobs.clear({ prefix: "a/" }), 2, "how many it removed by prefix");
      equal(await store.blobs.clear({ all: true }), 2, "how many it removed of all");
      equal(await store.kv.has("a/1"), true, "kv.has");
      await refused(() => store.blobs.clear({} as never), "INVALID_ARGUMENT", "clear of nothing said");
    }),
  ],
};
