/** Reading blobs: as what, which part, and undisturbed by who writes. */
import { PersistError } from "@cuitty/persist-core";
import { equal, holds, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf, chunksOf, gather } from "../content.ts";

type Range = { offset: number; length?: number } | { suffix: number };

/** Of a blob of 600 000 bytes. */
const size = 600_000;
const ranges: readonly (readonly [slug: string, range: Range, start: number, end: number])[] = [
  ["whole", { offset: 0 }, 0, size],
  ["start", { offset: 0, length: 10 }, 0, 10],
  ["middle", { offset: 299_990, length: 20 }, 299_990, 300_010],
  ["across-chunks", { offset: 262_100, length: 262_200 }, 262_100, 524_300],
  ["one-byte", { offset: 262_144, length: 1 }, 262_144, 262_145],
  ["to-end", { offset: 599_000 }, 599_000, size],
  ["beyond-end", { offset: 599_990, length: 1000 }, 599_990, size],
  ["at-end", { offset: size }, size, size],
  ["no-length", { offset: 5, length: 0 }, 5, 5],
  ["suffix", { suffix: 100 }, size - 100, size],
  ["suffix-all", { suffix: size }, 0, size],
  ["suffix-more", { suffix: 10 * size }, 0, size],
];

const badRanges: readonly unknown[] = [
  { offset: -1 },
  { offset: 0.5 },
  { offset: Number.NaN },
  { offset: "0" },
  { offset: 0, length: -1 },
  { offset: 0, length: 1.5 },
  { suffix: 0 },
  { suffix: -1 },
  { suffix: "1" },
  {},
  null,
  5,
];

export const readingBlobs: Chapter = {
  section: "51",
  title: "Reading blobs",
  clauses: [
    clause("K-blobs-read-ways", "The content can be had as bytes, text, JSON, Blob or stream", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", '{"a":"ü"}', { contentType: "application/json" });
      const get = async () => present(await blobs.get("k"), "the blob");
      equal(await (await get()).text(), '{"a":"ü"}', "text");
      equal(await (await get()).json(), { a: "ü" }, "json");
      equal(await (await get()).bytes(), new TextEncoder().encode('{"a":"ü"}'), "bytes");
      const blob = await (await get()).blob();
      equal([blob.type, await blob.text()], ["application/json", '{"a":"ü"}'], "blob");
      equal(await gather(chunksOf((await get()).body)), new TextEncoder().encode('{"a":"ü"}'), "body");
    }),

    clause("K-blobs-byte-order-mark", "A byte order mark is part of the text", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "\ufeffa");
      equal(await (await blobs.get("k"))?.text(), "\ufeffa", "text");
    }),

    clause("K-blobs-read-once", "The content is read once; a second time is refused and not empty", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "content");
      const blob = present(await blobs.get("k"), "the blob");
      equal(await blob.text(), "content", "the first time");
      await refused(() => blob.text(), "INVALID_ARGUMENT", "the second time");
      await refused(() => blob.bytes(), "INVALID_ARGUMENT", "in another way");
    }),

    clause("K-blobs-lazy", "get reads no bytes before they are wanted, head and list never", async (t) => {
      const { store, calls } = await t.watched();
      await store.blobs.put("k", bytesOf(1000));
      if (!calls.some((call) => call.startsWith("engine."))) t.absent("the adapter brings no engine of its own");
      calls.length = 0;
      const blob = present(await store.blobs.get("k"), "the blob");
      await store.blobs.head("k");
      await store.blobs.has("k");
      await store.blobs.list().toArray();
      holds(!calls.includes("engine.bytes.open"), "no bytes were asked for");
      equal((await blob.bytes()).length, 1000, "how many bytes there are");
      // By the request that gave the facts, where the engine has it so: it hands them out as they are read.
      const isOneRequest = calls.includes("engine.bytes.fetch");
      holds(isOneRequest || calls.includes("engine.bytes.open"), "bytes were asked for then");
    }),

    clause("K-blobs-cancel", "A stream may be cancelled in its middle, and the blob is as before", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", bytesOf(2_000_000));
      const reader = present(await blobs.get("k"), "the blob").body.getReader();
      await reader.read();
      await reader.cancel();
      equal((await (await blobs.get("k"))?.bytes())?.length, 2_000_000, "how many bytes there are");
    }),

    ...ranges.map(([slug, range, start, end]) =>
      clause(
        `K-blobs-range-${slug}`,
        [
          "A range gives exactly its bytes, and the size of the whole",
          `${JSON.stringify(range).replaceAll('"', "")} of ${size} gives those from ${start} to ${end}`,
        ],
        async (t) => {
          const { blobs } = await t.store();
          const content = bytesOf(size);
          await blobs.put("k", content);
          const blob = present(await blobs.get("k", { range }), "the blob");
          equal(await blob.bytes(), content.slice(start, end), "the bytes");
          equal(blob.size, size, "size, which is that of the whole");
        },
      ),
    ),

    clause("K-blobs-range-behind", "A range that starts behind the end is INVALID_ARGUMENT", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "12345");
      await refused(() => blobs.get("k", { range: { offset: 6 } }), "INVALID_ARGUMENT", "offset 6 of 5");
      equal(await (await blobs.get("k", { range: { offset: 5 } }))?.text(), "", "offset 5 of 5");
    }),

    clause("K-blobs-range-bad", "A malformed range is INVALID_ARGUMENT", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "12345");
      for (const range of badRanges) {
        await refused(() => blobs.get("k", { range: range as Range }), "INVALID_ARGUMENT", JSON.stringify(range));
      }
    }),

    clause("K-blobs-range-empty-blob", "Ranges of an empty blob are empty", async (t) => {
      const { blobs } = await t.store();
      await blobs.put("k", "");
      for (const range of [{ offset: 0 }, { offset: 0, length: 5 }, { suffix: 5 }]) {
        equal(await (await blobs.get("k", { range }))?.text(), "", JSON.stringify(range));
      }
    }),

    clause("K-blobs-reader-undisturbed", "Who reads a blob goes on undisturbed while it is replaced", async (t) => {
      const { blobs } = await t.store();
      const before = bytesOf(2_000_000, 1);
      await blobs.put("k", before);
      const reader = chunksOf(present(await blobs.get("k"), "the blob").body)[Symbol.asyncIterator]();
      const first = await reader.next();
      await blobs.put("k", bytesOf(2_000_000, 2));
      const rest = await gather({ [Symbol.asyncIterator]: () => reader });
      const all = new Uint8Array([...(first.value ?? []), ...rest]);
      equal(all, before, "what was read");
      equal(await (await blobs.get("k"))?.bytes(), bytesOf(2_000_000, 2), "what is read now");
    }),

    clause("K-blobs-reader-late", "A blob that was got before it was replaced can still be read", async (t) => {
      const { blobs, capabilities } = await t.store();
      if (capabilities.blobSnapshots === "absent") t.absent("blobSnapshots is absent");
      await blobs.put("k", "before");
      const blob = present(await blobs.get("k"), "the blob");
      await blobs.put("k", "after");
      equal(await blob.text(), "before", "the text");
    }),

    clause(
      "K-blobs-reader-late-absent",
      "Where blobSnapshots is absent, who reads what was replaced gets it whole or CONFLICT, and never another",
      async (t) => {
        const { blobs, capabilities } = await t.store();
        if (capabilities.blobSnapshots !== "absent") t.absent("blobSnapshots is not absent");
        for (const size of [6, 2_000_000]) {
          for (const range of [undefined, { offset: 1 }]) {
            await blobs.put("k", bytesOf(size, 1));
            const blob = present(await blobs.get("k", range && { range }), "the blob");
            await blobs.put("k", bytesOf(size, 2));
            const read = await blob.bytes().catch((error: unknown) => {
              if (PersistError.is(error, "CONFLICT")) return undefined;
              throw error;
            });
            if (read !== undefined) equal(read, bytesOf(size, 1).slice(range?.offset ?? 0), "what was read");
          }
        }
      },
    ),
  ],
};
