import { describe, expect, test } from "vitest";
import type { Engine, Extended } from "../../src/contract.ts";
import { chunkSize, partBytes } from "../../src/lift/contents.ts";
import { bareAdapter, type Stored } from "./adapters.ts";
import { type Fate, fated, isWrite } from "./faults.ts";
import { at, openLift, put } from "./open.ts";

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const content = Uint8Array.from({ length: partBytes + chunkSize + 7 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** Extends from where the bytes are to the end of the content. */
async function goOn(engine: Engine, from: Extended, tell: (extended: Extended) => void): Promise<Extended> {
  let extended = from;
  for (let offset = from.size - (from.size % partBytes); offset < content.length; offset += partBytes) {
    extended = await engine.bytes.extend(extended.token, offset, content.subarray(offset, offset + partBytes), at(1));
    tell(extended);
  }
  return extended;
}

async function readAll(engine: Engine, content: string, length = Number.MAX_SAFE_INTEGER): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const row = { key: "b", value: "", version: "", content };
  for await (const chunk of engine.bytes.open(row, { offset: 0, length }, at(1))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const keysOf = (stored: Stored, part: string) => [...stored.keys()].filter((key) => key.includes(part));

describe("bytes that are staged in parts", () => {
  test.each<Fate>(["hangs", "hangs though it happened"])(
    "lose nothing acknowledged where the process dies at any write: %s",
    async (fate) => {
      for (let n = 1, died = true; died; n++) {
        const stored: Stored = new Map();
        died = false;
        const death = Promise.withResolvers<void>();
        let writes = 0;
        const dying = await openLift(
          fated(bareAdapter(stored), (call) => {
            if (!isWrite(call) || ++writes < n) return "works";
            if (writes > n) return "hangs";
            died = true;
            death.resolve();
            return fate;
          }),
        );
        let acknowledged: Extended | undefined;
        const tell = (extended: Extended) => {
          acknowledged = extended;
        };
        const work = async () => {
          const begun = await dying.bytes.extend(undefined, 0, new Uint8Array(0), at(1));
          tell(begun);
          await goOn(dying, begun, tell);
        };
        await Promise.race([work(), death.promise]);
        await new Promise((resolve) => setImmediate(resolve));
        if (acknowledged === undefined) continue;

        const engine = await openLift(bareAdapter(stored));
        const found = (await engine.bytes.extended(acknowledged.token, at(1))) as Extended;
        expect(found.size).toBeGreaterThanOrEqual(acknowledged.size);
        expect(Buffer.compare(await readAll(engine, found.token), content.subarray(0, found.size))).toBe(0);
        const whole = await goOn(engine, found, () => undefined);
        await engine.commit([[{ ...put("blobs", "b", "{}"), content: whole.token }]], at(1));
        expect(Buffer.compare(await readAll(engine, whole.token), content)).toBe(0);
        expect(keysOf(stored, "/bytes/")).toHaveLength(Math.ceil(content.length / chunkSize));
        expect(keysOf(stored, "/contents/")).toEqual([]);
        await engine.commit([[{ op: "delete", space: "blobs", key: "b", version: "d" }]], at(2));
        await engine.commit([[put("kv", "a", "1")]], at(hour));
        await expect.poll(() => keysOf(stored, "/bytes/")).toEqual([]);
      }
    },
  );

  test("may be given again after any call that failed", async () => {
    for (let n = 1, isOver = false; !isOver; n++) {
      const stored: Stored = new Map();
      let calls = 0;
      const engine = await openLift(
        fated(bareAdapter(stored), () => (++calls === n ? "fails though it happened" : "works")),
      ).catch(() => undefined);
      if (engine === undefined) continue; // the call belonged to the opening
      const insist = async (work: () => Promise<Extended>): Promise<Extended> => work().catch(work);
      let extended = await insist(async () => engine.bytes.extend(undefined, 0, content.subarray(0, partBytes), at(1)));
      for (let offset = partBytes; offset < content.length; offset += partBytes) {
        const part = content.subarray(offset, offset + partBytes);
        const { token } = extended;
        extended = await insist(async () => engine.bytes.extend(token, offset, part, at(1)));
      }
      expect(extended.size).toBe(content.length);
      isOver = calls < n;
      expect(Buffer.compare(await readAll(await openLift(bareAdapter(stored)), extended.token), content)).toBe(0);
    }
  });

  test("are written over behind what counts, where an interruption left more there", async () => {
    const stored: Stored = new Map();
    const dying = await openLift(
      fated(bareAdapter(stored), ({ method, key }) =>
        method === "put" && key.includes("/contents/") && stored.has(key) ? "hangs" : "works",
      ),
    );
    const { token } = await openAndBegin(bareAdapter(stored));
    void dying.bytes.extend(token, 0, content.subarray(0, partBytes), at(1));
    await expect.poll(() => keysOf(stored, "/bytes/").length).toBe(4);
    const engine = await openLift(bareAdapter(stored));
    const other = content.slice(1, 10);
    const extended = await engine.bytes.extend(token, 0, other, at(1));
    expect(extended.size).toBe(9);
    expect(Buffer.compare(await readAll(engine, extended.token), other)).toBe(0);
    await engine.bytes.discard(extended.token);
    expect(keysOf(stored, "/bytes/")).toEqual([]);
  });

  test("are kept for a day after each part, and then go with all that is left", async () => {
    const stored: Stored = new Map();
    const engine = await openLift(bareAdapter(stored));
    const { token } = await engine.bytes.extend(undefined, 0, content.subarray(0, partBytes), at(0));
    await engine.bytes.extend(token, partBytes, content.subarray(partBytes, partBytes + 10), at(20 * hour));
    const count = keysOf(stored, "/bytes/").length;
    await engine.commit([[put("kv", "a", "1")]], at(20 * hour + day - 1));
    await engine.commit([[put("kv", "a", "2")]], at(20 * hour + day - 1));
    expect(keysOf(stored, "/bytes/")).toHaveLength(count);
    await engine.commit([[put("kv", "a", "3")]], at(20 * hour + day));
    await expect.poll(() => [...keysOf(stored, "/bytes/"), ...keysOf(stored, "/contents/")]).toEqual([]);
    expect(await engine.bytes.extended(token, at(20 * hour + day))).toBeUndefined();
  });
});

async function openAndBegin(adapter: ReturnType<typeof bareAdapter>): Promise<Extended> {
  return (await openLift(adapter)).bytes.extend(undefined, 0, new Uint8Array(0), at(1));
}
