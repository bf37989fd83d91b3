import { expect, test } from "vitest";
import { chunkSize } from "../../src/lift/contents.ts";
import { bareAdapter, richAdapter, type Stored } from "./adapters.ts";
import { fated } from "./faults.ts";
import { at, event, openLift, put } from "./open.ts";

const o = at(1);

/** An engine in use, and the calls that its adapter sees, without their order where they run together. */
async function openCounted(over: (stored: Stored) => Parameters<typeof fated>[0]) {
  const calls: string[] = [];
  const adapter = fated(over(new Map()), ({ method, key }) => {
    calls.push(`${method} ${key.replace("_test/-/", "").replaceAll(/[0-9a-f]{32}/g, "<id>")}`);
    return "works";
  });
  const engine = await openLift(adapter);
  const opening = calls.splice(0);
  await engine.commit([[put("kv", "used", "1")]], o);
  return {
    engine,
    opening,
    async callsOf(work: () => unknown): Promise<string[]> {
      calls.length = 0;
      await work();
      return [...calls];
    },
  };
}

test("what each operation costs over four methods", async () => {
  const { engine, opening, callsOf } = await openCounted(bareAdapter);
  expect(opening).toEqual(["get meta", "get redo", "list contents/"]);

  expect(await callsOf(() => engine.read("kv", ["a"], o))).toEqual(["get kv/_a"]);
  expect(await callsOf(() => engine.commit([[put("kv", "a", "1")]], o))).toEqual(["get kv/_a", "put kv/_a"]);
  const add = { op: "add", space: "kv", key: "n", by: 1, version: "v" } as const;
  expect(await callsOf(() => engine.commit([[add], [add], [add]], o))).toEqual(["get kv/_n", "put kv/_n"]);
  const remove = { op: "delete", space: "kv", key: "a", version: "w" } as const;
  expect(await callsOf(() => engine.commit([[remove]], o))).toEqual(["get kv/_a", "put kv/_a"]);

  const three = ["a", "b", "c"];
  expect(await callsOf(() => engine.commit([three.map((key) => put("kv", key, "1"))], o))).toEqual([
    ...three.map((key) => `get kv/_${key}`),
    "put redo",
    ...three.map((key) => `put kv/_${key}`),
    "delete redo",
  ]);

  const append = (...ids: string[]) => engine.commit([[{ op: "append", stream: "s", events: ids.map(event) }]], o);
  expect(await callsOf(() => append("1"))).toEqual([
    "get streams/_s",
    "get log",
    "get event-ids/_s/_1",
    "put redo",
    "put events/0000000000000001",
    "put stream-events/_s/0000000000000001",
    "put event-ids/_s/_1",
    "put streams/_s",
    "put log",
    "delete redo",
  ]);
  expect(await callsOf(() => append("2", "3", "4"))).toHaveLength(14);
  // The head, a pointer and a sheet for each append, and two guesses that the second one is as short as the first.
  expect(await callsOf(() => engine.events({ stream: "s", reverse: false, limit: 10 }, o))).toHaveLength(7);

  const index = [
    { index: "tag", tuple: Uint8Array.of(1), unique: false },
    { index: "email", tuple: Uint8Array.of(1), unique: true },
  ];
  const record = { ...put("records", "r", "1"), index };
  expect(await callsOf(() => engine.commit([[record]], o))).toEqual([
    "get records/_r",
    "get index/_email/_01",
    "put redo",
    "put index/_tag/_01.r",
    "put index/_email/_01",
    "put records/_r",
    "delete redo",
  ]);
  expect(await callsOf(() => engine.commit([[{ ...record, version: "w" }]], o))).toEqual([
    "get records/_r",
    "get index/_email/_01",
    "put records/_r",
  ]);

  let token = "";
  const body = async function* () {
    yield new Uint8Array(3 * chunkSize);
  };
  const staged = await callsOf(async () => {
    token = (await engine.bytes.stage(body(), o)).token;
  });
  expect(staged).toEqual(["put contents/<id>", ...[0, 1, 2].map((n) => `put bytes/<id>/000000000000000${n}`)]);
  expect(await callsOf(() => engine.commit([[{ ...put("blobs", "b", "{}"), content: token }]], o))).toEqual([
    "get blobs/_b",
    "get contents/<id>",
    "put redo",
    "put blobs/_b",
    "delete contents/<id>",
    "delete redo",
  ]);
});

test("what batches save", async () => {
  const { engine, callsOf } = await openCounted(richAdapter);
  const three = ["a", "b", "c"].map((key) => put("kv", key, "1"));
  expect(await callsOf(() => engine.commit([three], o))).toEqual(["get kv/_a", "get kv/_b", "get kv/_c", "batch "]);
  // One batch for as many lists as it takes.
  const many = Array.from({ length: 50 }, (_, i) => [put("kv", `k${i}`, "1")]);
  expect((await callsOf(() => engine.commit(many, o))).filter((call) => call === "batch ")).toHaveLength(3);
});
