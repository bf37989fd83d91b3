/** What is set without conditions. */
import type { Answer, CommitResult, EngineOptions, IndexEntry, Op, PutOp } from "@cuitty/persist-core";
import { type Connection, perSchema } from "./connection.ts";
import { lockedScope } from "./locked-scope.ts";
import { compare } from "./locking.ts";
import { hexOf } from "./operations.ts";
import { columnsOfTexts, toTexts } from "./text-columns.ts";

/** Of one key the last counts. In the order of the keys, so that two groups of two processes never wait in a circle. */
function inOrder(ops: readonly PutOp[]): PutOp[] {
  const byKey = new Map(ops.map((op) => [op.key, op]));
  return [...byKey.values()].sort((a, b) => compare(a.key, b.key));
}

const sentRow = ({ key, version, expiresAt, value }: PutOp) => ({ k: key, r: version, e: expiresAt, v: value });

// ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The values, where each list does nothing but set one. */
export function plainValues(lists: readonly (readonly Op[])[]): PutOp[] | undefined {
  const values: PutOp[] = [];
  for (const [op, another] of lists) {
    if (another !== undefined || op?.op !== "put" || op.space !== "kv" || op.ifVersion !== undefined) return undefined;
    values.push(op);
  }
  return values;
}

// The place in the feed counts within the transaction, which is this statement: so it needs no number of the sequence.
const valueTexts = perSchema((s) => {
  const given = (lock: number) => `${lockedScope(s, lock, "$1")} as given`;
  const columns = "(scope, key, version, updated_at, expires_at, xact, n, value)";
  const onConflict = `on conflict (scope, key) do update set version = excluded.version, updated_at = excluded.updated_at,
      expires_at = excluded.expires_at, xact = excluded.xact, n = excluded.n, value = excluded.value`;
  return {
    one: (lock: number) => `insert into ${s}.kv ${columns}
      select $1, $3, $4, $2, $5, given.xact, 1, $6 from ${given(lock)} ${onConflict}`,
    many: (lock: number) => `insert into ${s}.kv ${columns}
      select $1, v.key, v.version, $2, nullif(v.expires_at, '')::bigint, given.xact, v.n, v.value
      from ${given(lock)}, ${columnsOfTexts(["key", "version", "expires_at", "value"], 4, "$3")} ${onConflict}`,
  };
});

export async function putValues(
  connection: Connection,
  scope: number,
  ops: readonly PutOp[],
  o: EngineOptions,
): Promise<void> {
  const texts = valueTexts(connection);
  const lock = connection.locks.scope;
  const [only] = ops as [PutOp];
  if (ops.length === 1) {
    const { key, version, expiresAt = null, value } = only;
    await connection.write(o, texts.one(lock), [scope, o.now, key, version, expiresAt, value], { fence: scope });
    return;
  }
  const rows = inOrder(ops);
  const { delimiter, columns } = toTexts([
    rows.map(({ key }) => key),
    rows.map(({ version }) => version),
    rows.map(({ expiresAt }) => expiresAt?.toString() ?? ""),
    rows.map(({ value }) => value),
  ]);
  await connection.write(o, texts.many(lock), [scope, o.now, delimiter, ...columns], { fence: scope });
}

// ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface PlainRecords {
  readonly puts: readonly PutOp[];
  /** What all of them are checked against: versions of `system` by key, `""` where it must be absent. */
  readonly checks: ReadonlyMap<string, string>;
}

/** The records, where each list does nothing but set one, with no unique tuple, after checks of `system`: mostly of the one row that says which indexes there are. */
export function plainRecords(lists: readonly (readonly Op[])[]): PlainRecords | undefined {
  const puts: PutOp[] = [];
  const checks = new Map<string, string>();
  for (const ops of lists) {
    const last = ops.at(-1);
    if (last?.op !== "put" || last.space !== "records" || last.ifVersion !== undefined) return undefined;
    if (last.index?.some(isUnique)) return undefined;
    for (let i = 0; i < ops.length - 1; i++) {
      const op = ops[i] as Op;
      if (op.op !== "check" || op.space !== "system") return undefined;
      const version = op.ifVersion ?? "";
      if ((checks.get(op.key) ?? version) !== version) return undefined;
      checks.set(op.key, version);
    }
    puts.push(last);
  }
  return { puts, checks };
}

const isUnique = ({ unique }: IndexEntry) => unique;

const recordText = perSchema(
  (s) => `select ${s}.put_records($1, $2, $3::text::json, $4::text::json, $5::text::json)::text as made`,
);

/** Nothing where a check does not hold: then it is not for all of them to be refused. */
export async function putRecords(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  { puts, checks }: PlainRecords,
  o: EngineOptions,
): Promise<CommitResult[] | undefined> {
  const ops = inOrder(puts);
  const sorted = [...checks].sort(([a], [b]) => compare(a, b)).map(([k, c]) => ({ k, c }));
  const entries = ops.flatMap(({ key, index = [] }) =>
    index.map((entry) => ({ k: key, i: entry.index, t: hexOf(entry.tuple) })),
  );
  const [row] = await connection.write<{ made: string | null }>(
    o,
    recordText(connection),
    [scope, o.now, JSON.stringify(sorted), JSON.stringify(ops.map(sentRow)), JSON.stringify(entries)],
    { fence: scope },
  );
  if (row == null || row.made === null) return undefined;
  const made = JSON.parse(row.made) as Record<string, number>;
  return lists.map((list, i) => ({
    outcome: "applied",
    time: o.now,
    answers: list.map((op): Answer => (op.op === "put" ? { createdAt: made[(puts[i] as PutOp).key] } : {})),
  }));
}
