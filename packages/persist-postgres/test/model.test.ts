import type { ChangedRow, CommitResult, Engine, Op, Row } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import fc from "fast-check";
import postgresJs from "postgres";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemoryEngine } from "../../persist-core/src/memory/engine.ts";
import { createState } from "../../persist-core/src/memory/state.ts";
import { follow, plain, spaces } from "../../persist-core/test/lift/dump.ts";
import { commitsOf, eventRange, keys, listWith, range, streams } from "../../persist-core/test/lift/operations.ts";
import { postgres } from "../src/adapter.ts";

const missing = mayBeMissing(() => findPostgres());

const turn = fc.record({
  passes: fc.integer({ min: -5, max: 20 }), // clocks are set back, too
  lists: fc.array(listWith({ events: 70, steps: 3 }), { maxLength: 5 }),
  range,
  eventRange,
  limit: fc.integer({ min: 1, max: 10 }),
});

/** Settings of a session that must not matter. */
const elsewhere = {
  standard_conforming_strings: "off",
  search_path: "nowhere",
  extra_float_digits: "-10",
  timezone: "Asia/Kolkata",
  transform_null_equals: "on",
  array_nulls: "off",
};

type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

describe.skipIf(missing)(`Postgres${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  /** As somebody else made it, for other purposes than ours. */
  function givenSql() {
    const connection = { ...elsewhere, application_name: "given" };
    const sql = postgresJs(database.url, { onnotice: () => {}, connection });
    onTestFinished(() => sql.end({ timeout: 1 }));
    return sql;
  }

  test.each(["a url", "a given instance"])(
    "by %s it answers as the memory engine does",
    { timeout: 240_000 },
    async (by) => {
      const adapter = await postgres(by === "a url" ? { url: database.url } : { sql: givenSql(), schema: "given" });
      onTestFinished(() => adapter.close?.());
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 8 }), async (turns) => {
          const engine = await (adapter.engine as NonNullable<typeof adapter.engine>)({
            name: "model",
            namespace: `n${++runs}`,
          });
          try {
            await runBoth(engine, turns);
          } finally {
            await engine.close();
          }
        }),
        { numRuns: Number(process.env.MODEL_RUNS ?? 15), endOnFailure: true },
      );
    },
  );
});

async function runBoth(engine: Engine, turns: readonly Turn[]): Promise<void> {
  const state = createState();
  const model = createMemoryEngine(state);
  let now = 1000;
  const cursors = new Map<boolean, string>();
  for (const { passes, lists, range: scanned, eventRange: walked, limit } of turns) {
    now += passes;
    const o = { now, deadline: performance.now() + 30_000 };
    const [ops = []] = commitsOf(state, [lists], now, `${now}-`);
    const [results, expected] = [await engine.commit(ops, o), await model.commit(ops, o)];
    expect(plain(toldOf(results, ops))).toEqual(plain(toldOf(expected, ops)));
    for (const one of [engine, model]) while ((await one.sweep(o)).more);
    const looks: ((of: Engine) => unknown)[] = [
      ...spaces.map(
        (space) => async (of: Engine) => (await of.read(space, [...keys, ...streams, ""], o)).map(shownRow),
      ),
      ...(scanned.by === "key" ? spaces : (["records"] as const)).map((space) => async (of: Engine) => {
        const page = await of.scan(space, scanned, o);
        return {
          ...page,
          rows: page.rows.map(shownRow).map((row) => (scanned.keysOnly ? { ...row, value: "" } : row)),
        };
      }),
      (of) => of.events(walked, o),
      (of) => of.events({ ...walked, stream: streams[0], ids: ["1", "2", "none", "many-40-33"] }, o),
      async (of) => byKey((await follow(of, undefined, limit, now)).changes),
      async (of) => {
        const { changes, cursor } = await follow(of, cursors.get(of === model), limit, now);
        cursors.set(of === model, cursor);
        return byKey(changes);
      },
    ];
    for (const look of looks) expect(plain(await look(engine))).toEqual(plain(await look(model)));
  }
}

/** When a row was made is told of records only. */
function toldOf(results: readonly CommitResult[], lists: readonly (readonly Op[])[]) {
  return results.map((result, i) => {
    if (result.outcome !== "applied") return result;
    const answers = result.answers.map(({ createdAt, ...rest }, nth) => {
      const op = lists[i]?.[nth];
      return op?.op === "put" && op.space === "records" ? { createdAt, ...rest } : rest;
    });
    return { ...result, answers };
  });
}

/** What may be left out is. */
function shownRow(row: Row | undefined) {
  if (row === undefined) return undefined;
  const { key, value, version, expiresAt } = row;
  return { key, value, version, expiresAt: expiresAt ?? undefined };
}

/** The present state of each key: states before it may be missing, and what one commit or one sweep did comes in any order. */
function byKey(changes: readonly Omit<ChangedRow, "cursor">[]) {
  const last = new Map(changes.map((change) => [`${change.space} ${change.key}`, change]));
  return [...last]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { row, ...rest }]) => ({ ...rest, row: shownRow(row) }));
}
