/**
 * Commits: one statement for all lists, each judged against what the lists before it left, and then applied whole or not at all. See docs/design/0003-postgres.md for what
 * it locks.
 */
import { type CommitResult, type EngineOptions, type Op, PersistError, type PutOp } from "@cuitty/persist-core";
import { toResult } from "./answers.ts";
import { commitAside, isJudgedAside } from "./aside.ts";
import { type Connection, perSchema } from "./connection.ts";
import { compare, loneRow, rowLocks } from "./locking.ts";
import { type SentList, sentList } from "./operations.ts";

const commitText = perSchema(
  (s) => `select answer from ${s}.commit_lists($1, $2, $3::text::json, $4::text::json) as answer`,
);

export async function commitLists(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  const values = plainValues(lists);
  if (values !== undefined) {
    await putValues(connection, scope, values, o);
    const applied: CommitResult = { outcome: "applied", time: o.now, answers: [{}] };
    return lists.map(() => applied);
  }
  const order = inOrderOfLocks(lists);
  const results: CommitResult[] = [];
  try {
    for (let done = 0; done < order.length; ) {
      const rest = order.slice(done).map((i) => lists[i] as readonly Op[]);
      for (const result of await commitSome(connection, scope, rest, o)) {
        results[order[done++] as number] = result;
      }
    }
  } catch (error) {
    const isUnknown = PersistError.is(error) && error.outcome === "unknown";
    if (!isUnknown && results.length === 0) throw error;
    // What was answered before stands, so that the failure cannot be everybody's.
    for (const [i] of lists.entries()) results[i] ??= { outcome: "unknown", cause: error };
  }
  return results;
}

/** At least the first of the lists. */
async function commitSome(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  const [first] = lists as [readonly Op[]];
  if (isJudgedAside(first)) return [await commitAside(connection, scope, first, o)];
  const firstAside = lists.findIndex(isJudgedAside);
  const group = firstAside === -1 ? lists : lists.slice(0, firstAside);
  const locks = group.every((ops) => loneRow(ops) !== undefined) ? [] : rowLocks(group);
  const sent: SentList[] = group.map(sentList);
  const rows = await connection.write<{ answer: string }>(
    o,
    commitText(connection),
    [scope, o.now, locks.length === 0 ? null : JSON.stringify(locks), JSON.stringify(sent)],
    { fence: scope },
  );
  const results: CommitResult[] = [];
  for (const { answer } of rows) {
    const result = toResult(answer, o.now);
    if (result === "aside")
      results.push(await commitAside(connection, scope, group[results.length] as readonly Op[], o));
    else results.push(result);
  }
  return results;
}

/**
 * The numbers of the lists, where all of them write one row each: in the order of these rows, and those of one row as they come. Two groups of two processes then never wait in a circle. Other
 * groups lock all their rows beforehand.
 */
function inOrderOfLocks(lists: readonly (readonly Op[])[]): number[] {
  const order = lists.map((_, i) => i);
  const rows = lists.map(loneRow);
  if (rows.includes(undefined)) return order;
  return order.sort((a, b) => compare(rows[a] as string, rows[b] as string));
}

// ── plain values ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The values, where each list does nothing but set one unconditionally. */
function plainValues(lists: readonly (readonly Op[])[]): PutOp[] | undefined {
  const values: PutOp[] = [];
  for (const [op, another] of lists) {
    if (another !== undefined || op?.op !== "put" || op.space !== "kv" || op.ifVersion !== undefined) return undefined;
    values.push(op);
  }
  return values;
}

const putTexts = perSchema((s) => {
  // The lock is taken before the first row is written, since nothing comes before its line.
  const given = (lock: string) =>
    `(select pg_advisory_xact_lock_shared(${lock}, $1), ${s}.xact() as xact offset 0) as given`;
  const columns = "(scope, key, version, updated_at, expires_at, xact, value)";
  const onConflict = `on conflict (scope, key) do update set version = excluded.version, updated_at = excluded.updated_at,
      expires_at = excluded.expires_at, xact = excluded.xact, n = excluded.n, value = excluded.value`;
  return {
    one: (lock: number) => `insert into ${s}.kv ${columns}
      select $1, $3, $4, $2, $5, given.xact, $6 from ${given(String(lock))} ${onConflict}`,
    many: (lock: number) => `insert into ${s}.kv ${columns}
      select $1, v.k, v.r, $2, v.e, given.xact, v.v from ${given(String(lock))}, json_to_recordset($3::text::json) as v(k text, r text, e bigint, v text) ${onConflict}`,
  };
});

/** Of one key the last counts. */
async function putValues(
  connection: Connection,
  scope: number,
  ops: readonly PutOp[],
  o: EngineOptions,
): Promise<void> {
  const texts = putTexts(connection);
  const lock = connection.locks.scope;
  const [only] = ops as [PutOp];
  if (ops.length === 1) {
    const { key, version, expiresAt = null, value } = only;
    await connection.write(o, texts.one(lock), [scope, o.now, key, version, expiresAt, value], { fence: scope });
    return;
  }
  const byKey = new Map(ops.map((op) => [op.key, op]));
  const sorted = [...byKey.values()].sort((a, b) => compare(a.key, b.key));
  const sent = sorted.map(({ key: k, version: r, expiresAt: e, value: v }) => ({ k, r, e, v }));
  await connection.write(o, texts.many(lock), [scope, o.now, JSON.stringify(sent)], { fence: scope });
}
