// A process that ends between any two of its requests, also right after the server got one: whoever comes next finds all of a commit or nothing, and is not held up for long.
import type { Engine, Op } from "@cuitty/persist-core";
import { startProxy } from "@cuitty/persist-servers";
import type { S3Double } from "@cuitty/persist-testkit/s3-double";
import { expect, test } from "vitest";
import { startDouble } from "./buckets.ts";
import { append, at, commit, idsOf, newVersion, openedOn, put, valuesOf } from "./engines.ts";

const index = (tuple: string, unique = false) => ({ index: "i", tuple: new TextEncoder().encode(tuple), unique });
const record = (key: string, value: number, tuple: string, unique = false): Op =>
  put(key, value, { space: "records", index: [index(tuple, unique)] });

/** Tries in different stores. */
const atOnce = 6;

interface Work {
  readonly title: string;
  readonly before: readonly Op[];
  readonly ops: () => readonly Op[];
  /** What a reader sees of it. */
  see(engine: Engine): Promise<unknown>;
  readonly old: unknown;
  readonly new: unknown;
}

async function records(engine: Engine): Promise<unknown> {
  const range = { by: "index", index: "i", reverse: false, limit: 10, keysOnly: false } as const;
  const { rows } = await engine.scan("records", range, at(3));
  return rows.map(({ key, value }) => [key, JSON.parse(value)]);
}

const works: readonly Work[] = [
  {
    title: "a row",
    before: [put("a", 1)],
    ops: () => [put("a", 2)],
    see: (engine) => valuesOf(engine, 3, "a"),
    old: [1],
    new: [2],
  },
  {
    title: "a row, with a look at another",
    before: [put("a", 1), put("b", 1, { version: "seen" })],
    ops: () => [{ op: "check", space: "kv", key: "b", ifVersion: "seen" }, put("a", 2)],
    see: (engine) => valuesOf(engine, 3, "a"),
    old: [1],
    new: [2],
  },
  {
    title: "rows and events",
    before: [put("a", 1), put("b", 1), append("s", "e1")],
    ops: () => [
      put("a", 2),
      { op: "delete", space: "kv", key: "b", version: newVersion() },
      put("c", 2),
      append("s", "e2", "e3"),
    ],
    see: async (engine) => [
      await valuesOf(engine, 3, "a", "b", "c"),
      await idsOf(engine, 3, "s"),
      await idsOf(engine, 3),
    ],
    old: [[1, 1, undefined], ["e1"], ["e1"]],
    new: [
      [2, undefined, 2],
      ["e1", "e2", "e3"],
      ["e1", "e2", "e3"],
    ],
  },
  {
    title: "records that exchange unique tuples",
    before: [record("a", 1, "x", true), record("b", 1, "y", true)],
    ops: () => [record("a", 2, "y", true), record("b", 2, "x", true)],
    see: records,
    old: [
      ["a", 1],
      ["b", 1],
    ],
    new: [
      ["b", 2],
      ["a", 2],
    ],
  },
];

for (const work of works) {
  for (const fate of ["never comes", "comes"] as const) {
    test(`${work.title}: the last request ${fate}`, async () => {
      const double = await startDouble();
      for (let last = 1, done = false; !done; last += atOnce) {
        const tries = Array.from({ length: atOnce }, (_, i) => tryOnce(double, work, last + i, fate));
        done = (await Promise.all(tries)).includes(true);
      }
    });
  }
}

/** Whether the work was done with fewer requests. */
async function tryOnce(double: S3Double, work: Work, last: number, fate: "never comes" | "comes"): Promise<boolean> {
  const prefix = `p${last}`;
  await using wire = await startProxy(double.port);
  const victim = await openedOn({ ...double, endpoint: wire.through(double.endpoint) }, { prefix });
  expect((await commit(victim.engine, 1, ...work.before)).outcome).toBe("applied");

  let count = 0;
  const interrupted = Promise.withResolvers<boolean>();
  const stop = double.requests.listen((request) => {
    if (request.headers.host !== `127.0.0.1:${wire.port}` || ++count !== last) return undefined;
    wire.refuse();
    wire.cut();
    interrupted.resolve(false);
    return fate === "comes" ? undefined : new Promise<void>(() => {});
  });
  const patience = { now: 2, deadline: performance.now() + 20_000 };
  const committed = (async () => victim.engine.commit([work.ops()], patience))().then(
    () => true,
    () => false,
  );
  const isDone = await Promise.race([committed, interrupted.promise]);
  stop();

  await using other = await openedOn(double, { prefix });
  const seen = await work.see(other.engine);
  if (isDone) expect(seen).toEqual(work.new);
  else expect([work.old, work.new]).toContainEqual(seen);
  // What was decided stays so, and others go on.
  expect(await work.see(other.engine)).toEqual(seen);
  expect((await commit(other.engine, 4, ...work.ops())).outcome).not.toBe("unknown");
  await victim.abandon();
  return isDone;
}
