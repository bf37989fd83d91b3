/** Commits: list by list, each judged against what the lists before it left, and then applied whole or not at all. */
import {
  type Answer,
  addNumber,
  type CommitResult,
  type EngineOptions,
  hashRows,
  type IfVersion,
  isExpected,
  type MaybePromise,
  type Op,
  type PutOp,
  type Siblings,
  type Space,
  siblingsOf,
} from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { mayAttach } from "./contents.ts";
import { append, erase, judgeAppend } from "./events.ts";
import { findCollision, replaceIndexEntries } from "./index-entries.ts";
import type { Journal } from "./journal.ts";
import {
  deleteRow,
  nothing,
  putRow,
  putValueAlone,
  putValues,
  readRow,
  readVersion,
  valuesPerStatement,
} from "./rows.ts";
import { scan } from "./scan.ts";
import { readHead } from "./streams.ts";

/** An operation that was judged and may happen: does it. */
type Step = () => Answer;

interface Conflict {
  readonly index?: string | undefined;
}

const conflict: Conflict = {};
const doNothing: Step = () => ({});

/** As a transaction of its own. */
export function commitLists(
  connection: Connection,
  namespace: string,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
  journal?: Journal,
): MaybePromise<CommitResult[]> {
  const [value] = lists.length === 1 && journal === undefined ? plainValues(lists, 0) : [];
  if (value === undefined) return connection.write(o, () => commitInTurn(connection, namespace, lists, o.now, journal));
  return connection.writeAlone(o, () => {
    putValueAlone(connection, namespace, value, o.now);
    return [{ outcome: "applied", time: o.now, answers: [nothing] }];
  });
}

/** Inside a write transaction. Each list by itself. */
function commitInTurn(
  connection: Connection,
  namespace: string,
  lists: readonly (readonly Op[])[],
  now: number,
  journal: Journal | undefined,
): CommitResult[] {
  const results: CommitResult[] = [];
  while (results.length < lists.length) {
    const values = plainValues(lists, results.length);
    if (values.length === valuesPerStatement) {
      const applied: CommitResult = { outcome: "applied", time: now, answers: [nothing] };
      const entry = journal?.(namespace, values, now);
      putValues(connection, namespace, values, now);
      entry?.(values.map(() => nothing));
      for (let i = 0; i < values.length; i++) results.push(applied);
    } else {
      results.push(commitList(connection, namespace, lists[results.length] as readonly Op[], now, journal));
    }
  }
  return results;
}

/** The values that the next lists set one by one and unconditionally, at most {@link valuesPerStatement}. */
function plainValues(lists: readonly (readonly Op[])[], from: number): PutOp[] {
  const values: PutOp[] = [];
  for (let i = from; i < lists.length && values.length < valuesPerStatement; i++) {
    const [op, another] = lists[i] as readonly Op[];
    if (another !== undefined || op?.op !== "put" || op.space !== "kv" || op.ifVersion !== undefined) break;
    values.push(op);
  }
  return values;
}

/** Inside a write transaction. */
function commitList(
  connection: Connection,
  namespace: string,
  ops: readonly Op[],
  now: number,
  journal: Journal | undefined,
): CommitResult {
  const siblings = siblingsOf(ops);
  const steps: Step[] = [];
  for (const op of ops) {
    const step = judge(connection, namespace, op, siblings, now);
    if (typeof step !== "function") return { outcome: "conflict", op: steps.length, index: step.index };
    steps.push(step);
  }
  const entry = journal?.(namespace, ops, now);
  const answers = steps.map((step) => step());
  return { outcome: "applied", time: now, answers: entry === undefined ? answers : entry(answers) };
}

/** Judges one operation of the list, before anything of the list is written. */
function judge(connection: Connection, namespace: string, op: Op, siblings: Siblings, now: number): Step | Conflict {
  const holds = (o: { space: Space; key: string; ifVersion?: IfVersion }) =>
    o.ifVersion === undefined || readVersion(connection, namespace, o.space, o.key, now) === o.ifVersion;

  switch (op.op) {
    case "put": {
      if (!holds(op)) return conflict;
      // The staged bytes may have been swept, a day later.
      if (op.content !== undefined && !mayAttach(connection, Number(op.content))) return conflict;
      const index = findCollision(connection, namespace, op, siblings, now);
      return index === undefined ? () => putRow(connection, namespace, op, now) : { index };
    }

    case "reindex": {
      if (!holds(op)) return conflict;
      const index = findCollision(connection, namespace, op, siblings, now);
      if (index !== undefined) return { index };
      return () => {
        replaceIndexEntries(connection, namespace, op.key, op.index);
        return nothing;
      };
    }

    case "delete":
      if (!holds(op)) return conflict;
      return () => ({ existed: deleteRow(connection, namespace, op.space, op.key, op.version, now) });

    case "add": {
      const { space, key, version } = op;
      const row = readRow(connection, namespace, space, key, now);
      const value = addNumber(row?.value, op.by);
      if (value === undefined) return conflict;
      const expiresAt = op.expiresAt ?? (row === undefined ? op.initialExpiresAt : (row.expiresAt ?? undefined));
      return () => {
        putRow(connection, namespace, { op: "put", space, key, value, version, expiresAt }, now);
        return { value, expiresAt };
      };
    }

    case "append": {
      const judged = judgeAppend(connection, namespace, op);
      if (judged === "conflict") return conflict;
      if (judged !== "fresh") return () => ({ appended: judged });
      return siblings.repeatsIds(op.stream) ? conflict : () => ({ appended: append(connection, namespace, op, now) });
    }

    case "erase":
      if (!isExpected(op.expected, readHead(connection, namespace, op.stream))) return conflict;
      return () => ({ existed: erase(connection, namespace, op, now) });

    case "check":
      return holds(op) ? doNothing : conflict;

    case "checkRange": {
      const { rows } = scan(connection, namespace, op.space, { ...op.range, keysOnly: true }, now);
      return hashRows(rows) === op.hash ? doNothing : conflict;
    }
  }
}
