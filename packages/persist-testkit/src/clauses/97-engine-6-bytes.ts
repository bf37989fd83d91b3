/** Contents of blobs: staged, then named by a row, and never changed. */
import type { Row } from "@cuitty/persist-core";
import { equal, fail, holds, present } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { bytesOf, gather, inChunks } from "../content.ts";
import { apply, changesAfter, conflicting, later, newVersion, put, range, readOne, verb } from "../engine-verbs.ts";

const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
export const engineBytes: Chapter = {
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
        `${size} bytes come back whole and in parts, also while they are only staged`,
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
      const { token } = await engine.bytes.stage(inChunks(bytesOf(1000), 100), o);
      equal((await engine.scan("blobs", range(), o)).rows.length, 0, "how many blobs");
      equal((await changesAfter(engine, o)).length, 0, "how many changes");
      await engine.bytes.discard(token);
      await engine.bytes.discard(token);
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
      async (engine, o) => {
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

    verb("K-engine-raw", "raw gives something that is there", async (engine) => {
      holds(engine.raw() !== undefined && engine.raw() !== null, "raw is there");
    }),
  ],
};
