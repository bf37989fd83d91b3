import { describe, expect, it } from "vitest";
import type { BlobFacts, BlobTarget, Engine, Fetched, WantedRange } from "../src/contract.ts";
import { storeOver } from "./engine-spy.ts";

/** A memory engine that fetches row and bytes at once. */
function fetchingStore() {
  const asked: (WantedRange | undefined)[] = [];
  const discarded: string[] = [];
  const fetchFrom = (engine: Engine) =>
    async function fetch(key: string, range: WantedRange | undefined, o: Parameters<Engine["read"]>[2]) {
      asked.push(range);
      const [row] = await engine.read("blobs", [key], o);
      if (row === undefined) return undefined;
      const { size } = JSON.parse(row.value) as BlobFacts;
      const offset = range === undefined ? 0 : "suffix" in range ? Math.max(0, size - range.suffix) : range.offset;
      const length = range !== undefined && "length" in range ? (range.length ?? size) : size;
      const fetched: Fetched = {
        row,
        open: (reading) => engine.bytes.open(row, { offset, length }, reading),
        discard: () => void discarded.push(key),
      };
      return fetched;
    };
  const { store } = storeOver((engine) => ({ bytes: { ...engine.bytes, fetch: fetchFrom(engine) } }));
  return { store, asked, discarded };
}

describe("an engine that fetches a blob with one request", () => {
  it("is asked for the range as it was given", async () => {
    const { store, asked, discarded } = fetchingStore();
    await store.blobs.put("k", "0123456789");
    const read = async (range?: WantedRange) =>
      (await store.blobs.get("k", range === undefined ? undefined : { range: range as { suffix: number } }))?.text();
    expect([await read(), await read({ suffix: 3 }), await read({ offset: 8 })]).toEqual(["0123456789", "789", "89"]);
    expect(asked).toEqual([undefined, { suffix: 3 }, { offset: 8 }]);
    expect(await store.blobs.get("none")).toBeUndefined();
    expect(discarded).toEqual([]);
  });

  it("is told where the bytes are not wanted after all", async () => {
    const { store, discarded } = fetchingStore();
    await store.blobs.put("k", "0123456789");
    await expect(store.blobs.get("k", { ifMatch: "other" })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(store.blobs.get("k", { range: { offset: 11 } })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(discarded).toEqual(["k", "k"]);
  });

  it("is not asked inside of a transaction, which checks what it has read", async () => {
    const { store, asked } = fetchingStore();
    await store.blobs.put("k", "text");
    expect(await store.transaction(async (tx) => (await tx.blobs.get("k"))?.text())).toBe("text");
    expect(asked).toEqual([]);
  });
});

it("an engine is told where bytes go, but not where they may be read before", async () => {
  const targets: (BlobTarget | undefined)[] = [];
  const { store } = storeOver((engine) => ({
    bytes: {
      ...engine.bytes,
      stage(body, o, target) {
        targets.push(target);
        return engine.bytes.stage(body, o);
      },
    },
  }));
  await store.blobs.put("k", "text", { metadata: { a: "1" }, ifNoneMatch: "*" });
  await store.transaction(async (tx) => void (await tx.blobs.put("l", "text")));
  const contentType = "text/plain; charset=utf-8";
  expect(targets).toEqual([{ key: "k", size: 4, contentType, metadata: { a: "1" }, conditional: true }, undefined]);
});

it("the facts are those that the engine has stored, and a digest that nobody knows is read out of the bytes", async () => {
  const { store } = storeOver((engine) => ({
    async commit(lists, o) {
      const foreign = lists.map((list) =>
        list.map((op) => {
          if (op.op !== "put" || op.space !== "blobs") return op;
          return { ...op, value: JSON.stringify({ ...JSON.parse(op.value), digest: "sha-256:", etag: "theirs" }) };
        }),
      );
      const results = await engine.commit(foreign, o);
      return results.map((result, i) => {
        const [op] = foreign[i] ?? [];
        if (result.outcome !== "applied" || op?.op !== "put") return result;
        return { ...result, answers: [{ ...result.answers[0], value: op.value }] };
      });
    },
  }));
  const plain = storeOver().store;
  for (const one of [store, plain]) await one.blobs.put("k", "text");
  expect(await store.blobs.head("k")).toMatchObject({ digest: "sha-256:", etag: "theirs" });
  expect(await store.blobs.put("k", "text")).toMatchObject({ digest: "sha-256:", etag: "theirs" });
  expect(await (await store.blobs.get("k"))?.text()).toBe("text");
  expect(await store.blobs.verify("k")).toBe(true);
  expect(await store.digest()).toBe(await plain.digest());
});
