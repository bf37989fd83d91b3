/** Contents of blobs: staged, then named by a row, and never changed. */
import { type Engine, type EngineOptions, PersistError, type Row } from "@cuitty/persist-core";
import { equal, fail, holds, present, refused } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { bytesOf, gather, inChunks } from "../content.ts";
import {
  apply,
  conflicting,
  later,
  newVersion,
  noteChanges,
  put,
  range,
  readOne,
  remove,
  verb,
} from "../engine-verbs.ts";

const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
export const engineBytes: Chapter = {
  section: "97.6",
  title: "The engine: bytes",
  clauses: [
    verb("K-engine-stage", "stage tells size and SHA-256, and gives each content a token", async (engine, o) => {
      const a = await engine.bytes.stage(inChunks(new TextEncoder().encode("abc"), 2), o);
      const b = await engine.bytes.stage(inChunks(new TextEncoder().encode("abc"), 1), o);
      equal(
        [a.size, a.sha256],
        [3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
        "size and SHA-256",
      );
      equal(b.sha256, a.sha256, "the SHA-256 of the same bytes");
      holds(a.token !== b.token, "the tokens differ");
      const empty = await engine.bytes.stage(inChunks(new Uint8Array(0), 1), o);
      equal(empty.size, 0, "the size of nothing");
    }),

    ...([0, 1, 1000, 262_144, 262_145, 1_500_000] as const).map((size) =>
      verb(
        `K-engine-bytes-${size}`,
        ["Bytes come back whole and in parts, also while they are only staged", `${size} bytes`],
        async (engine, o) => {
          const content = bytesOf(size);
          const { token } = await engine.bytes.stage(inChunks(content, 70_000), o);
          const staged: Row = {
            key: "k",
            value: "{}",
            version: newVersion(),
            createdAt: o.now,
            updatedAt: o.now,
            content: token,
          };
          const read = (row: Row, offset: number, length: number) =>
            gather(engine.bytes.open(row, { offset, length }, o));
          equal(await read(staged, 0, size), content, "staged");
          await apply(engine, o, put("k", {}, { space: "blobs", content: token }));
          const row = present(await readOne(engine, o, "blobs", "k"), "the row");
          equal(await read(row, 0, size), content, "stored");
          const third = Math.floor(size / 3);
          equal(await read(row, third, third), content.slice(third, 2 * third), "a part");
          equal(await read(row, size, 10), new Uint8Array(0), "behind the end");
          equal((await read(row, 0, 0)).length, 0, "no length");
        },
      ),
    ),

    verb(
      "K-engine-bytes-copied",
      "What the body does with its chunks afterwards changes nothing stored",
      async (engine, o) => {
        async function* reusing() {
          const chunk = new Uint8Array(4);
          for (let i = 1; i <= 3; i++) {
            chunk.fill(i);
            yield chunk;
          }
        }
        const { token } = await engine.bytes.stage(reusing(), o);
        await apply(engine, o, put("k", {}, { space: "blobs", content: token }));
        const row = present(await readOne(engine, o, "blobs", "k"), "the row");
        const read = () => gather(engine.bytes.open(row, { offset: 0, length: 12 }, o));
        equal(await read(), bytes(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), "the bytes");
        for await (const chunk of engine.bytes.open(row, { offset: 0, length: 12 }, o)) chunk.fill(9);
        equal(await read(), bytes(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), "after a reader changed what it got");
      },
    ),

    verb("K-engine-bytes-invisible", "What is staged is invisible, and can be given up", async (engine, o) => {
      const changes = await noteChanges(engine, o);
      const { token } = await engine.bytes.stage(inChunks(bytesOf(1000), 100), o);
      equal((await engine.scan("blobs", range(), o)).rows.length, 0, "how many blobs");
      equal((await changes?.())?.length ?? 0, 0, "how many changes");
      await engine.bytes.discard(token);
      await engine.bytes.discard(token);
    }),

    verb("K-engine-stage-kept", "What is staged outlives what others commit before it is named", async (engine, o) => {
      const bytes = bytesOf(1000);
      const { token } = await engine.bytes.stage(inChunks(bytes, 100), o);
      await apply(engine, o, put("other"));
      const other = await engine.bytes.stage(inChunks(bytesOf(10, 2), 10), o);
      await apply(engine, o, put("f", "other", { space: "blobs", content: other.token }));
      await apply(engine, later(o, 60 * 60 * 1000), put("g", "mine", { space: "blobs", content: token }));
      const row = present(await readOne(engine, later(o, 60 * 60 * 1000), "blobs", "g"), "the row");
      const read = await gather(engine.bytes.open(row, { offset: 0, length: 1000 }, later(o, 60 * 60 * 1000)));
      equal(read, bytes, "the bytes");
    }),

    verb(
      "K-engine-bytes-body-fails",
      "Where the body fails, so does stage, and with that error or one that has it as cause",
      async (engine, o) => {
        const mine = new Error("mine");
        async function* failing() {
          yield bytesOf(300_000);
          throw mine;
        }
        const error = await engine.bytes.stage(failing(), o).then(
          () => fail("stage succeeded"),
          (reason: unknown) => reason,
        );
        holds(error === mine || (error as Error).cause === mine, "the error is the body's own");
      },
    ),

    verb(
      "K-engine-bytes-replaced",
      "Bytes of a row that was replaced stay readable for ten minutes",
      async (engine, o, t) => {
        if (engine.capabilities.blobSnapshots === "absent") t.absent("blobSnapshots is absent");
        const first = await engine.bytes.stage(inChunks(bytesOf(5000, 1), 1000), o);
        await apply(engine, o, put("k", 1, { space: "blobs", content: first.token }));
        const before = present(await readOne(engine, o, "blobs", "k"), "the row");
        const second = await engine.bytes.stage(inChunks(bytesOf(100, 2), 1000), o);
        await apply(engine, o, put("k", 2, { space: "blobs", content: second.token }));
        const then = later(o, 599_000);
        await apply(engine, then, put("other"));
        equal(
          await gather(engine.bytes.open(before, { offset: 0, length: 5000 }, then)),
          bytesOf(5000, 1),
          "the bytes before",
        );
        const row = present(await readOne(engine, then, "blobs", "k"), "the row");
        equal(await gather(engine.bytes.open(row, { offset: 0, length: 100 }, then)), bytesOf(100, 2), "the bytes now");
      },
    ),

    verb(
      "K-engine-bytes-replaced-absent",
      "Where blobSnapshots is absent, bytes of a row that was replaced or deleted are CONFLICT",
      async (engine, o, t) => {
        if (engine.capabilities.blobSnapshots !== "absent") t.absent("blobSnapshots is not absent");
        const before: Row[] = [];
        for (const key of ["replaced", "deleted"]) {
          const { token } = await engine.bytes.stage(inChunks(bytesOf(5000, 1), 1000), o);
          await apply(engine, o, put(key, 1, { space: "blobs", content: token }));
          before.push(present(await readOne(engine, o, "blobs", key), "the row"));
        }
        const second = await engine.bytes.stage(inChunks(bytesOf(5000, 2), 1000), o);
        await apply(engine, o, put("replaced", 2, { space: "blobs", content: second.token }));
        await apply(engine, o, remove("deleted", { space: "blobs" }));
        for (const row of before) {
          const read = () => gather(engine.bytes.open(row, { offset: 0, length: 5000 }, o));
          await refused(read, "CONFLICT", `open of what was ${row.key}`);
        }
      },
    ),

    verb(
      "K-engine-bytes-refused",
      "A put that is refused leaves the bytes of the row as they are",
      async (engine, o) => {
        const first = await engine.bytes.stage(inChunks(bytesOf(50, 1), 10), o);
        await apply(engine, o, put("k", 1, { space: "blobs", content: first.token }));
        const second = await engine.bytes.stage(inChunks(bytesOf(50, 2), 10), o);
        await conflicting(engine, o, put("k", 2, { space: "blobs", content: second.token, ifVersion: null }));
        await engine.bytes.discard(second.token);
        const row = present(await readOne(engine, o, "blobs", "k"), "the row");
        equal(await gather(engine.bytes.open(row, { offset: 0, length: 50 }, o)), bytesOf(50, 1), "the bytes");
      },
    ),

    verb("K-engine-bytes-concurrent", "Several contents can be staged and read at once", async (engine, o) => {
      const staged = await Promise.all(
        [1, 2, 3, 4, 5].map((seed) => engine.bytes.stage(inChunks(bytesOf(300_000, seed), 9999), o)),
      );
      await apply(engine, o, ...staged.map(({ token }, i) => put(`k${i}`, i, { space: "blobs", content: token })));
      const rows = await engine.read("blobs", ["k0", "k1", "k2", "k3", "k4"], o);
      const contents = await Promise.all(
        rows.map((row) => gather(engine.bytes.open(row as Row, { offset: 0, length: 300_000 }, o))),
      );
      for (const [i, content] of contents.entries()) equal(content, bytesOf(300_000, i + 1), `content ${i}`);
    }),

    verb("K-engine-extend", "Bytes are staged part by part, and belong to a row then", async (engine, o) => {
      const { partBytes } = engine.bytes;
      const content = bytesOf(2 * partBytes + 1000);
      let { token, size } = await engine.bytes.extend(undefined, 0, content.subarray(0, partBytes), o);
      equal(size, partBytes, "the size after a part");
      for (let at = partBytes; at < content.length; at += partBytes) {
        ({ token, size } = await engine.bytes.extend(token, at, content.subarray(at, at + partBytes), o));
      }
      equal(size, content.length, "the size after all parts");
      equal(await contentOf(engine, o, token, content.length), content, "staged");
      await apply(engine, o, put("k", {}, { space: "blobs", content: token }));
      const row = present(await readOne(engine, o, "blobs", "k"), "the row");
      equal(await contentOf(engine, o, row.content ?? "", content.length), content, "stored");
    }),

    verb("K-engine-extend-nothing", "Bytes may begin with none, and end so", async (engine, o) => {
      const first = await engine.bytes.extend(undefined, 0, new Uint8Array(0), o);
      equal(first.size, 0, "the size");
      equal((await engine.bytes.extended(first.token, o))?.size, 0, "the size when asked for");
      const second = await engine.bytes.extend(undefined, 0, new Uint8Array(0), o);
      holds(first.token !== second.token, "the tokens differ");
      await apply(engine, o, put("k", {}, { space: "blobs", content: first.token }));
      const extended = await engine.bytes.extend(second.token, 0, bytes(1, 2, 3), o);
      equal(await contentOf(engine, o, extended.token, 3), bytes(1, 2, 3), "the bytes of the other");
    }),

    verb("K-engine-extended", "How far the bytes have come can be asked by any of their tokens", async (engine, o) => {
      const { partBytes } = engine.bytes;
      const first = await engine.bytes.extend(undefined, 0, new Uint8Array(0), o);
      const second = await engine.bytes.extend(first.token, 0, bytesOf(partBytes), o);
      const third = await engine.bytes.extend(first.token, partBytes, bytesOf(10), o);
      for (const { token } of [first, second, third]) equal(await engine.bytes.extended(token, o), third, "the state");
    }),

    verb(
      "K-engine-extend-again",
      "A part that is given again, as after a lost answer, changes nothing",
      async (engine, o) => {
        const { partBytes } = engine.bytes;
        const content = bytesOf(partBytes + 500);
        const { token } = await engine.bytes.extend(undefined, 0, content.subarray(0, partBytes), o);
        const last = await engine.bytes.extend(token, partBytes, content.subarray(partBytes), o);
        equal(await engine.bytes.extend(token, 0, content.subarray(0, partBytes), o), last, "the first one again");
        equal(
          await engine.bytes.extend(last.token, partBytes, content.subarray(partBytes), o),
          last,
          "the last one again",
        );
        equal(await engine.bytes.extend(last.token, partBytes, content.subarray(partBytes, -1), o), last, "less of it");
        equal(await contentOf(engine, o, last.token, content.length), content, "the bytes");
      },
    ),

    verb(
      "K-engine-extend-longer",
      "A part that ended the bytes may be given again with more behind it",
      async (engine, o) => {
        const { partBytes } = engine.bytes;
        const content = bytesOf(partBytes + 300_000);
        let { token, size } = await engine.bytes.extend(undefined, 0, content.subarray(0, 1), o);
        for (const end of [2, 262_144, 262_145, partBytes - 1, partBytes]) {
          ({ token, size } = await engine.bytes.extend(token, 0, content.subarray(0, end), o));
          equal(size, end, "the size");
        }
        for (const end of [partBytes + 1, content.length]) {
          ({ token, size } = await engine.bytes.extend(token, partBytes, content.subarray(partBytes, end), o));
          equal(size, end, "the size");
        }
        equal(await contentOf(engine, o, token, content.length), content, "the bytes");
      },
    ),

    verb(
      "K-engine-extend-conflict",
      "What is staged is never changed: other bytes in its place, or a hole, are CONFLICT",
      async (engine, o) => {
        const { partBytes } = engine.bytes;
        const content = bytesOf(partBytes + 100);
        const { token } = await engine.bytes.extend(undefined, 0, content.subarray(0, partBytes), o);
        const { token: whole } = await engine.bytes.extend(token, partBytes, content.subarray(partBytes), o);
        const refuse = (offset: number, part: Uint8Array, what: string) =>
          refused(() => engine.bytes.extend(whole, offset, part, o), "CONFLICT", what);
        await refuse(0, bytesOf(partBytes, 2), "another first part");
        const changed = content.slice(partBytes);
        changed[99] = 255 - (changed[99] ?? 0);
        await refuse(partBytes, changed, "a last part whose last byte differs");
        await refuse(partBytes, new Uint8Array([...changed, 1]), "a longer one that begins differently");
        await refuse(2 * partBytes, bytes(1), "a hole");
        equal((await engine.bytes.extended(whole, o))?.size, content.length, "the size");
        equal(await contentOf(engine, o, whole, content.length), content, "the bytes");
      },
    ),

    verb(
      "K-engine-extend-race",
      "Of two who extend the same bytes differently at once, one gets through",
      async (engine, o) => {
        const { partBytes } = engine.bytes;
        const { token } = await engine.bytes.extend(undefined, 0, new Uint8Array(0), o);
        const parts = [1, 2, 3].map((seed) => bytesOf(partBytes, seed));
        const results = await Promise.allSettled(parts.map(async (part) => engine.bytes.extend(token, 0, part, o)));
        const winners = parts.filter((_, i) => results[i]?.status === "fulfilled");
        equal(winners.length, 1, "how many got through");
        for (const result of results) {
          if (result.status === "rejected")
            holds(PersistError.is(result.reason, "CONFLICT"), "the others get CONFLICT");
        }
        const state = present(await engine.bytes.extended(token, o), "the state");
        equal(await contentOf(engine, o, state.token, partBytes), winners[0], "the bytes");
      },
    ),

    verb("K-engine-extend-reused", "What becomes of the part afterwards changes nothing staged", async (engine, o) => {
      const part = bytes(1, 2, 3);
      const { token } = await engine.bytes.extend(undefined, 0, part, o);
      part.fill(9);
      const again = bytes(1, 2, 3, 4);
      const longer = await engine.bytes.extend(token, 0, again, o);
      again.fill(9);
      equal(await contentOf(engine, o, longer.token, 4), bytes(1, 2, 3, 4), "the bytes");
    }),

    verb(
      "K-engine-extend-gone",
      "Bytes that were discarded, or belong to a row, are extended no more",
      async (engine, o) => {
        const { token: discarded } = await engine.bytes.extend(undefined, 0, bytesOf(100), o);
        const { token: named } = await engine.bytes.extend(undefined, 0, bytesOf(100), o);
        await engine.bytes.discard(discarded);
        await apply(engine, o, put("k", {}, { space: "blobs", content: named }));
        for (const [token, what] of [
          [discarded, "discarded"],
          [named, "named by a row"],
        ] as const) {
          await refused(() => engine.bytes.extend(token, 0, bytesOf(200), o), "NOT_FOUND", `extend of those ${what}`);
          equal(await engine.bytes.extended(token, o), undefined, `extended of those ${what}`);
        }
        await conflicting(engine, o, put("other", {}, { space: "blobs", content: discarded }));
        const row = present(await readOne(engine, o, "blobs", "k"), "the row");
        equal(await contentOf(engine, o, row.content ?? "", 100), bytesOf(100), "the bytes of the row");
      },
    ),

    verb("K-engine-move", "Bytes go from a row to another in one commit, in either order", async (engine, o) => {
      const { token } = await engine.bytes.stage(inChunks(bytesOf(300_000), 9999), o);
      await apply(engine, o, put("a", {}, { space: "blobs", content: token }));
      const a = present(await readOne(engine, o, "blobs", "a"), "the row");
      await apply(
        engine,
        o,
        put("b", {}, { space: "blobs", content: a.content ?? "" }),
        remove("a", { space: "blobs" }),
      );
      const b = present(await readOne(engine, o, "blobs", "b"), "the row");
      await apply(
        engine,
        o,
        remove("b", { space: "blobs" }),
        put("c", {}, { space: "blobs", content: b.content ?? "" }),
      );
      // What nobody has goes after ten minutes; theirs was let go of twice.
      const then = later(o, 24 * 3_600_000);
      for (let i = 0; i < 3; i++) await apply(engine, then, put("other"));
      const c = present(await readOne(engine, then, "blobs", "c"), "the row");
      equal(await contentOf(engine, then, c.content ?? "", 300_000), bytesOf(300_000), "the bytes");
      equal(await readOne(engine, then, "blobs", "a"), undefined, "the first row");
    }),

    verb("K-engine-move-refused", "A move that is refused leaves row and bytes as they are", async (engine, o) => {
      const { token } = await engine.bytes.stage(inChunks(bytesOf(1000), 999), o);
      await apply(engine, o, put("a", {}, { space: "blobs", content: token }), put("b", {}, { space: "kv" }));
      const a = present(await readOne(engine, o, "blobs", "a"), "the row");
      const stale = remove("a", { space: "blobs", ifVersion: newVersion() });
      await conflicting(engine, o, put("b", {}, { space: "blobs", content: a.content ?? "" }), stale);
      equal(await readOne(engine, o, "blobs", "b"), undefined, "the other row");
      equal(await contentOf(engine, o, a.content ?? "", 1000), bytesOf(1000), "the bytes");
    }),

    verb("K-engine-copy", "Where the engine copies, the copy stays when the original goes", async (engine, o, t) => {
      const { copy } = engine.bytes;
      if (copy === undefined) t.absent("the engine copies nothing by itself");
      const { token } = await engine.bytes.stage(inChunks(bytesOf(300_000), 9999), o);
      await apply(engine, o, put("a", {}, { space: "blobs", content: token }));
      const a = present(await readOne(engine, o, "blobs", "a"), "the row");
      const copied = await engine.bytes.copy?.(a, o);
      await apply(engine, o, put("b", {}, { space: "blobs", content: copied }));
      await apply(engine, o, remove("a", { space: "blobs" }));
      const then = later(o, 24 * 3_600_000);
      for (let i = 0; i < 3; i++) await apply(engine, then, put("other"));
      const b = present(await readOne(engine, then, "blobs", "b"), "the row");
      equal(await contentOf(engine, then, b.content ?? "", 300_000), bytesOf(300_000), "the bytes");
    }),

    verb("K-engine-raw", "raw gives something that is there", async (engine) => {
      holds(engine.raw() !== undefined && engine.raw() !== null, "raw is there");
    }),
  ],
};

/** What the token names, staged or stored. */
function contentOf(engine: Engine, o: EngineOptions, content: string, length: number): Promise<Uint8Array> {
  const row: Row = { key: "k", value: "{}", version: newVersion(), createdAt: o.now, updatedAt: o.now, content };
  return gather(engine.bytes.open(row, { offset: 0, length }, o));
}
