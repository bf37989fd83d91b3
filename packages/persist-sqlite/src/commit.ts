/** Commits: list by list, each judged against what the lists before it left, and then applied whole or not at all. */
import {
  type Answer,
  addNumber,
  type CommitResult,
  hashRows,
  type IfVersion,
  type Op,
  type Space,
} from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { readContent } from "./contents.ts";
import { append, judgeAppend } from "./events.ts";
import { findCollision } from "./index-entries.ts";
import { deleteRow, putRow, readRow, readVersion } from "./rows.ts";
import { scan } from "./scan.ts";
import { type Siblings, siblingsOf } from "./siblings.ts";

/** An operation that was judged and may happen: does it. */
type Step = () => Answer;

interface Conflict {
  readonly index?: string | undefined;
}

const conflict: Conflict = {};
const doNothing: Step = () => ({});

/** Inside a write transaction. */
export function commitList(connection: Connection, namespace: string, ops: readonly Op[], now: number): CommitResult {
  const siblings = siblingsOf(ops);
  const steps: Step[] = [];
  for (const op of ops) {
    const step = judge(connection, namespace, op, siblings, now);
    if (typeof step !== "function") return { outcome: "conflict", op: steps.length, index: step.index };
    steps.push(step);
  }
  return { outcome: "applied", time: now, answers: steps.map((step) => step()) };
}

/** Judges one operation of the list, before anything of the list is written. */
function judge(connection: Connection, namespace: string, op: Op, siblings: Siblings, now: number): Step | Conflict {
  const holds = (o: { space: Space; key: string; ifVersion?: IfVersion }) =>
    o.ifVersion === undefined || readVersion(connection, namespace, o.space, o.key, now) === o.ifVersion;

  switch (op.op) {
    case "put": {
      if (!holds(op)) return conflict;
      // The staged bytes may have been swept, a day later.
      if (op.content !== undefined && readContent(connection, Number(op.content)) === undefined) return conflict;
      const index = findCollision(connection, namespace, op, siblings, now);
      return index === undefined ? () => putRow(connection, namespace, op, now) : { index };
    }

    case "delete":
      if (!holds(op)) return conflict;
      return () => ({ existed: deleteRow(connection, namespace, op.space, op.key, op.version, now) });

    case "add": {
      const { space, key, version } = op;
      const row = readRow(connection, namespace, space, key, now);
      const value = addNumber(row?.value, op.by);
      if (value === undefined) return conflict;
      const expiresAt = op.expiresAt ?? row?.expiresAt;
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

    case "check":
      return holds(op) ? doNothing : conflict;

    case "checkRange": {
      const { rows } = scan(connection, namespace, op.space, { ...op.range, keysOnly: true }, now);
      return hashRows(rows) === op.hash ? doNothing : conflict;
    }
  }
}
