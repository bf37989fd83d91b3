/** The engine against core's memory engine, which is the specification: whatever lists come, both give the same answers and hold the same data. */
import {
  type Engine,
  type EventRow,
  hashRows,
  memory,
  type Op,
  type Row,
  type ScanRange,
  type Space,
} from "@cuitty/persist-core";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqlite } from "../src/adapter.ts";
import { at, drivers, everything, scope } from "./engines.ts";

const spaces = ["records", "kv", "blobs", "system"] as const;
const allSpaces = [...spaces, "streams"] as const;
const keys = ["a", "ab", "b", "B", "a/b", "é", "\u{e000}", "～", "😀"];
const tuples = [new Uint8Array([]), new Uint8Array([0]), new Uint8Array([0, 255]), new Uint8Array([7])];

// What is drawn names conditions by what they should be; the versions are known only when it runs.
const condition = fc.constantFrom("none", "none", "none", "absent", "present", "wrong");
const key = fc.constantFrom(...keys);
const ttl = fc.option(fc.integer({ min: -5, max: 30 }), { nil: undefined });
const tuple = fc.constantFrom(...tuples);
const index = fc.uniqueArray(fc.record({ index: fc.constantFrom("by-x", "by-y"), tuple, unique: fc.boolean() }), {
  maxLength: 3,
  selector: (entry) => `${entry.index} ${entry.tuple.join()}`,
});
const range = fc.record({
  lower: fc.option(fc.record({ key, inclusive: fc.boolean() }), { nil: undefined }),
  upper: fc.option(fc.record({ key, inclusive: fc.boolean() }), { nil: undefined }),
  reverse: fc.boolean(),
  limit: fc.integer({ min: 1, max: 4 }),
});

const drawnOp = fc.oneof(
  fc.record({ op: fc.constant("put" as const), space: fc.constantFrom(...spaces), key, condition, ttl, index }),
  fc.record({ op: fc.constant("reindex" as const), space: fc.constant("records" as const), key, condition, index }),
  fc.record({ op: fc.constant("delete" as const), space: fc.constantFrom(...spaces), key, condition }),
  fc.record({ op: fc.constant("add" as const), key, by: fc.integer({ min: -3, max: 3 }), ttl }),
  fc.record({
    op: fc.constant("append" as const),
    stream: key,
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }),
    expected: fc.constantFrom("any", "right", "wrong", "exists"),
    unless: fc.option(fc.record({ behind: fc.nat(3), id: fc.integer({ min: 1, max: 12 }) }), { nil: undefined }),
  }),
  fc.record({
    op: fc.constant("erase" as const),
    stream: key,
    before: fc.nat(12),
    expected: fc.constantFrom("any", "right", "wrong", "exists"),
  }),
  fc.record({ op: fc.constant("check" as const), space: fc.constantFrom(...allSpaces), key, condition }),
  fc.record({
    op: fc.constant("checkRange" as const),
    space: fc.constantFrom(...allSpaces),
    range,
    right: fc.boolean(),
  }),
);
type DrawnOp = typeof drawnOp extends fc.Arbitrary<infer T> ? T : never;

const step = fc.record({
  pause: fc.nat(10),
  lists: fc.array(fc.array(drawnOp, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
});

describe.each(drivers)("with $name", (driver) => {
  test("gives the answers of the memory engine, and holds the same data", async () => {
    const adapter = await sqlite({ path: ":memory:", driver });
    onTestFinished(() => adapter.close?.());
    let runs = 0;
    await fc.assert(
      // All in one file, so that namespaces which mix would be noticed.
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const engine = await adapter.engine?.({ ...scope, namespace: `run-${++runs}` });
        const model = await memory().engine?.(scope);
        await compare(engine as Engine, model as Engine, steps);
      }),
      { numRuns: 150 },
    );
  });
});

async function compare(engine: Engine, model: Engine, steps: { pause: number; lists: DrawnOp[][] }[]): Promise<void> {
  let now = 1_000_000;
  let writes = 0;
  for (const { pause, lists } of steps) {
    now += pause;
    const ops: Op[][] = [];
    for (const list of lists) ops.push(await resolve(model, withoutClashes(list), now, () => `w${++writes}`));
    const [expected, found] = [await model.commit(ops, at(now)), await engine.commit(ops, at(now))];
    // Only records answer when they were made.
    const comparable = expected.map((result, i) =>
      result.outcome !== "applied"
        ? result
        : {
            ...result,
            answers: result.answers.map((answer, j) => {
              const op = ops[i]?.[j];
              return op?.op === "put" && op.space !== "records" ? {} : answer;
            }),
          },
    );
    expect(found).toEqual(comparable);
    await expectSameData(engine, model, now);
  }
}

/** A list writes a key at most once, and the model does not know what two writes mean to each other's unique tuples. */
function withoutClashes(list: DrawnOp[]): DrawnOp[] {
  const written = new Set<string>();
  return list.filter((op) => {
    const name =
      op.op === "append" || op.op === "erase"
        ? `streams/${op.stream}`
        : op.op === "add"
          ? `kv/${op.key}`
          : op.op === "check" || op.op === "checkRange"
            ? undefined
            : op.space === "records"
              ? "records"
              : `${op.space}/${op.key}`;
    if (name === undefined) return true;
    if (written.has(name)) return false;
    written.add(name);
    return true;
  });
}

async function resolve(model: Engine, list: DrawnOp[], now: number, nextVersion: () => string): Promise<Op[]> {
  const ops: Op[] = [];
  for (const drawn of list) ops.push(await resolveOp(model, drawn, now, nextVersion));
  return ops;
}

async function resolveOp(model: Engine, drawn: DrawnOp, now: number, nextVersion: () => string): Promise<Op> {
  switch (drawn.op) {
    case "put": {
      const { space, key, ttl, index } = drawn;
      const version = nextVersion();
      const op = { op: "put", space, key, version, expiresAt: ttl && now + ttl } as const;
      return {
        ...op,
        value: space === "kv" ? "5" : JSON.stringify({ version }),
        ifVersion: await versionFor(model, drawn, now),
        index: space === "records" ? index : undefined,
      };
    }
    case "reindex": {
      const { space, key, index } = drawn;
      return { op: "reindex", space, key, ifVersion: (await versionFor(model, drawn, now)) ?? "wrong", index };
    }
    case "delete": {
      const { space, key } = drawn;
      return { op: "delete", space, key, version: nextVersion(), ifVersion: await versionFor(model, drawn, now) };
    }
    case "add": {
      const { key, by, ttl } = drawn;
      return { op: "add", space: "kv", key, by, version: nextVersion(), expiresAt: ttl && now + ttl };
    }
    case "append": {
      const { stream, ids, expected, unless } = drawn;
      const [head] = await model.read("streams", [stream], at(now));
      const [log] = await model.read("streams", [""], at(now));
      const version = Number.parseInt(head?.version ?? "0", 10);
      const matches = ({ id }: EventRow) => id === `e${unless?.id}`;
      return {
        op: "append",
        stream,
        events: ids.map((id) => ({ id: `e${id}`, type: "happened", tags: id % 2 ? ["odd"] : [], data: `${id}` })),
        expected: { any: undefined, right: version, wrong: version + 1, exists: "exists" as const }[expected],
        unless: unless && { after: Math.max(0, Number(log?.version ?? 0) - unless.behind), matches },
      };
    }
    case "erase": {
      const { stream, before, expected } = drawn;
      const [head] = await model.read("streams", [stream], at(now));
      const version = Number.parseInt(head?.version ?? "0", 10);
      const expectation = { any: undefined, right: version, wrong: version + 1, exists: "exists" as const }[expected];
      return { op: "erase", stream, before, expected: expectation };
    }
    case "check": {
      const { space, key } = drawn;
      return { op: "check", space, key, ifVersion: (await versionFor(model, drawn, now)) ?? null };
    }
    case "checkRange": {
      const { space, right } = drawn;
      const range: ScanRange = { by: "key", keysOnly: true, ...drawn.range };
      const { rows } = await model.scan(space, range, at(now));
      return { op: "checkRange", space, range, hash: right ? hashRows(rows) : "0.0.0" };
    }
  }
}

async function versionFor(
  model: Engine,
  { space, key, condition }: { space: (typeof allSpaces)[number]; key: string; condition: string },
  now: number,
): Promise<string | null | undefined> {
  if (condition === "none") return undefined;
  if (condition === "absent") return null;
  if (condition === "wrong") return "wrong";
  const [row] = await model.read(space, [key], at(now));
  return row?.version ?? null;
}

async function expectSameData(engine: Engine, model: Engine, now: number): Promise<void> {
  for (const space of allSpaces) {
    const wanted = [...keys, ""];
    const [found, expected] = [await engine.read(space, wanted, at(now)), await model.read(space, wanted, at(now))];
    expect(found.map((row) => bare(space, row))).toEqual(expected.map((row) => bare(space, row)));
    for (const reverse of [false, true]) {
      const whole = everything({ reverse });
      const [found, expected] = [await engine.scan(space, whole, at(now)), await model.scan(space, whole, at(now))];
      expect(found.rows.map((row) => bare(space, row))).toEqual(expected.rows.map((row) => bare(space, row)));
      expect(found.more).toBe(expected.more);
    }
  }
  for (const index of ["by-x", "by-y"]) {
    for (const reverse of [false, true]) await expectSameIndex(engine, model, index, reverse, now);
  }
  for (const stream of [undefined, ...keys]) {
    for (const reverse of [false, true]) {
      const events = { stream, reverse, limit: 100 };
      expect(await engine.events(events, at(now))).toEqual(await model.events(events, at(now)));
      if (stream === undefined) continue;
      const byId = { ...events, ids: ["e1", "e5", "e9", "none"] };
      expect(await engine.events(byId, at(now))).toEqual(await model.events(byId, at(now)));
    }
  }
  // At its own times, each reports what has expired.
  for (const each of [engine, model]) while ((await each.sweep(at(now))).more);
  expect(await presentState(engine, now)).toEqual(await presentState(model, now));
}

/** What the contract promises of a row: `null` is none, and times are told where somebody asks for them. */
function bare(space: Space, row: Row | undefined): Partial<Row> | undefined {
  if (row === undefined) return undefined;
  const { key, value, version, createdAt, updatedAt, expiresAt, content } = row;
  const facts = { key, value, version, expiresAt: expiresAt ?? undefined, content: content ?? undefined };
  return space === "kv" || space === "system" ? facts : { ...facts, createdAt, updatedAt };
}

/** Page by page, so that each page starts where the one before ended. */
async function expectSameIndex(engine: Engine, model: Engine, index: string, reverse: boolean, now: number) {
  let after: { tuple: Uint8Array; key: string } | undefined;
  for (let more = true; more; ) {
    const range = { by: "index", index, reverse, limit: 2, keysOnly: false, after } as const;
    const page = await engine.scan("records", range, at(now));
    const wanted = await model.scan("records", range, at(now));
    expect(page.rows.map((row) => bare("records", row))).toEqual(wanted.rows.map((row) => bare("records", row)));
    expect(page.tuples?.map((t) => [...t])).toEqual(wanted.tuples?.map((t) => [...t]));
    expect(page.more).toBe(wanted.more);
    const row = page.rows.at(-1);
    const tuple = page.tuples?.at(-1);
    if (row !== undefined && tuple !== undefined) after = { tuple, key: row.key };
    more = page.more;
  }
}

/** What the feed says of each key at last. It may report more than the model's on the way. */
async function presentState(engine: Engine, now: number): Promise<Map<string, unknown>> {
  const state = new Map<string, unknown>();
  let since: string | undefined;
  for (;;) {
    const page = await engine.changes(since, 3, at(now));
    for (const { space, key, row, reason, version, time } of page.changes) {
      state.set(`${space}/${key}`, { row: bare(space, row), reason, version, time });
    }
    if (page.changes.length === 0) return state;
    since = page.cursor;
  }
}
