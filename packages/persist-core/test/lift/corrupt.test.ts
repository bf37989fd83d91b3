import { expect, test } from "vitest";
import { chunkSize } from "../../src/lift/contents.ts";
import { lift } from "../../src/lift/engine.ts";
import { bareAdapter, type Stored } from "./adapters.ts";
import { dump } from "./dump.ts";
import { at, event, openLift, put } from "./open.ts";

const o = at(1);

async function filled(): Promise<{ stored: Stored; content: string }> {
  const stored: Stored = new Map();
  const engine = await openLift(bareAdapter(stored));
  const { token } = await engine.bytes.stage(
    (async function* () {
      yield new Uint8Array(chunkSize + 1);
    })(),
    o,
  );
  const index = [{ index: "email", tuple: Uint8Array.of(1), unique: true }];
  await engine.commit(
    [
      [
        put("kv", "a", '{"x":1}'),
        { ...put("records", "r", "1"), index },
        { ...put("blobs", "b", "{}"), content: token },
      ],
      [{ op: "append", stream: "s", events: [event("1"), event("2")] }, put("kv", "K".repeat(400), "1")],
    ],
    o,
  );
  await engine.commit([[{ op: "delete", space: "kv", key: "a", version: "w" }, put("kv", "c", "1")]], o);
  return { stored, content: token };
}

const damages: [string, unknown][] = [
  ["nothing of ours", "text"],
  ["an array", []],
  ["an empty object", {}],
  [
    "numbers where texts belong",
    {
      value: 1,
      version: 2,
      created: 1,
      updated: 1,
      seq: 1,
      tuple: 1,
      key: 1,
      stream: 1,
      position: "x",
      base64: 5,
      format: "1",
    },
  ],
];

test.each(damages)("%s in place of any value is CORRUPT and names the key, or goes unseen", async (_, damage) => {
  const { stored, content } = await filled();
  for (const key of stored.keys()) {
    const damaged = new Map(stored).set(key, JSON.stringify(damage));
    const look = async () => {
      const engine = await openLift(bareAdapter(damaged));
      await dump(engine, 1);
      await engine.events({ stream: "s", ids: ["1", "2"], reverse: false, limit: 9 }, o);
      await engine.events({ stream: "s", reverse: true, limit: 9 }, o);
      const row = { key: "b", value: "", version: "", createdAt: 0, updatedAt: 0, content };
      for await (const _chunk of engine.bytes.open(row, { offset: 0, length: 2 * chunkSize }, o));
    };
    await expect(look()).rejects.toMatchObject({ code: "CORRUPT", key: expect.stringContaining("_test/-/") });
  }
});

test("an event that is missing is CORRUPT", async () => {
  const { stored } = await filled();
  const writer = await openLift(bareAdapter(stored));
  await writer.commit([[{ op: "append", stream: "s", events: [event("3")] }]], o);
  for (const key of [...stored.keys()].filter((one) => /\/(stream-)?events\//.test(one))) {
    const damaged = new Map(stored);
    damaged.delete(key);
    const engine = await openLift(bareAdapter(damaged));
    await expect(engine.events({ stream: "s", reverse: false, limit: 9 }, o)).rejects.toMatchObject({
      code: "CORRUPT",
    });
  }
});

test("a row in another's place is CORRUPT", async () => {
  const { stored } = await filled();
  const [long = ""] = [...stored.keys()].filter((key) => key.includes("~~"));
  const moved = new Map(stored).set(
    long.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    stored.get(long) as string,
  );
  const engine = await openLift(bareAdapter(moved));
  await expect(dump(engine, 1)).rejects.toMatchObject({ code: "CORRUPT" });
});

test("a layout of a later version is refused, and nothing is written to it", async () => {
  const { stored } = await filled();
  const meta = JSON.parse(stored.get("_test/-/meta") ?? "");
  stored.set("_test/-/meta", JSON.stringify({ ...meta, format: 2 }));
  const before = new Map(stored);
  await expect(lift(bareAdapter(stored), { name: "test", namespace: "" })).rejects.toMatchObject({ code: "MIGRATION" });
  expect(stored).toEqual(before);
});
