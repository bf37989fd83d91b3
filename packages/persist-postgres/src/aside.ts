/**
 * Lists that JavaScript has to judge, in a transaction of several round trips: a predicate over events, core's hash over a range, numbers that are not plain integers.
 * What it finds out is written into the list, and the same function judges the rest and applies it.
 */
import {
  type AddOp,
  type AppendOp,
  addNumber,
  type CommitResult,
  type EngineOptions,
  hashRows,
  type Op,
} from "@cuitty/persist-core";
import { toResult } from "./answers.ts";
import { type Connection, perSchema, type Statement } from "./connection.ts";
import { readEvents } from "./events.ts";
import { rowLocks } from "./locking.ts";
import { type SentOp, sentList } from "./operations.ts";
import { readRows } from "./rows.ts";
import { scan } from "./scan.ts";

/** Events per statement where a condition looks through the log. */
const conditionPage = 500;

const lockTexts = perSchema((s) => ({
  rows: `select ${s}.lock_rows($1, $2, $3::text::json)`,
  commit: `select answer from ${s}.commit_lists($1, $2, null, $3::text::json) as answer`,
}));

const plainAddend = 999_999_999_999_999;

/** Whether it is known beforehand. Of a number that is added to, the server finds out. */
export function isJudgedAside(ops: readonly Op[]): boolean {
  return ops.some(
    (op) =>
      op.op === "checkRange" ||
      (op.op === "append" && op.unless !== undefined) ||
      (op.op === "add" && !(Number.isInteger(op.by) && Math.abs(op.by) <= plainAddend)),
  );
}

export function commitAside(
  connection: Connection,
  scope: number,
  ops: readonly Op[],
  o: EngineOptions,
): Promise<CommitResult> {
  const texts = lockTexts(connection);
  const { scope: scopeLock, log } = connection.locks;
  return connection.transaction(
    o,
    async (statement) => {
      const shared = ops.some(({ op }) => op === "checkRange") ? "" : "_shared";
      await statement(`select pg_advisory_xact_lock${shared}(${scopeLock}, $1)`, [scope]);
      await statement(texts.rows, [scope, o.now, JSON.stringify(rowLocks([ops]))]);
      if (ops.some((op) => op.op === "append")) await statement(`select pg_advisory_xact_lock(${log}, $1)`, [scope]);

      const list = sentList(ops);
      const judged: SentOp[] = [];
      for (const [i, op] of ops.entries()) {
        judged.push(await judge(connection, statement, scope, op, list.l[i] as SentOp, o.now));
      }
      const [row] = await statement<{ answer: string }>(texts.commit, [
        scope,
        o.now,
        JSON.stringify([{ ...list, l: judged }]),
      ]);
      const result = toResult(row?.answer ?? "", o.now);
      if (result === "aside") throw new Error("What was judged in JavaScript came back unjudged.");
      return result.outcome === "applied" ? withSums(result, ops, judged) : result;
    },
    { fence: scope },
  );
}

/** The operation with what only JavaScript can say of it. */
async function judge(
  connection: Connection,
  statement: Statement,
  scope: number,
  op: Op,
  sent: SentOp,
  now: number,
): Promise<SentOp> {
  switch (op.op) {
    case "checkRange": {
      const { rows } = await scan(connection, statement, scope, op.space, { ...op.range, keysOnly: true }, now);
      return { o: "check", z: hashRows(rows) !== op.hash };
    }
    case "append": {
      const isMet = op.unless !== undefined && (await anyMatches(connection, statement, scope, op.unless));
      return isMet ? { ...sent, z: true } : sent;
    }
    case "add":
      return addAside(connection, statement, scope, op, now);
    default:
      return sent;
  }
}

/** The number's row is locked. */
async function addAside(
  connection: Connection,
  statement: Statement,
  scope: number,
  op: AddOp,
  now: number,
): Promise<SentOp> {
  const [row] = await readRows(connection, statement, scope, "kv", [op.key], now);
  const value = addNumber(row?.value, op.by);
  const expiresAt = op.expiresAt ?? (row === undefined ? op.initialExpiresAt : (row.expiresAt ?? undefined));
  if (value === undefined) return { o: "add", z: true };
  return { o: "put", s: "kv", k: op.key, v: value, r: op.version, e: expiresAt };
}

async function anyMatches(
  connection: Connection,
  statement: Statement,
  scope: number,
  { after, matches }: NonNullable<AppendOp["unless"]>,
): Promise<boolean> {
  for (let from = after + 1; ; ) {
    const page = await readEvents(connection, statement, scope, { from, reverse: false, limit: conditionPage });
    if (page.events.some((event) => matches(event))) return true;
    const last = page.events.at(-1);
    if (last === undefined || !page.more) return false;
    from = last.position + 1;
  }
}

/** The answers of what was sent as a put and was an addition. */
function withSums(
  result: CommitResult & { outcome: "applied" },
  ops: readonly Op[],
  judged: readonly SentOp[],
): CommitResult {
  const answers = result.answers.map((answer, i) =>
    ops[i]?.op === "add" ? { value: judged[i]?.v, expiresAt: judged[i]?.e } : answer,
  );
  return { ...result, answers };
}
