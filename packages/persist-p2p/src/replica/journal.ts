/** What local writes leave in the replication log, inside of the transaction that makes them. */
import type { AddOp, Answer, DeleteOp, EraseOp, Op, PutOp } from "@cuitty/persist-core";
import { type Journal, putRow } from "@cuitty/persist-sqlite/host";
import { addToCells, valueOfCells } from "../state/cells.ts";
import { updateDocument } from "../state/document.ts";
import type { RowState } from "../state/row-state.ts";
import { stampBytes, successorOf } from "../state/stamp.ts";
import { writeBase } from "./bases.ts";
import { findBytesOf, rememberContent } from "./contents.ts";
import { logErasure } from "./erasures.ts";
import { logAppend } from "./events.ts";
import { isLive, type ReplicatedSpace, type RowName, readLine, stateOf, writeLine } from "./lines.ts";
import type { ReplicaParts } from "./parts.ts";
import { createNotePuts, makeLines } from "./pending.ts";

/** After the operation was applied; may answer instead of it. */
type Entry = (answer: Answer) => Answer;

export function createJournal(parts: ReplicaParts): Journal {
  const { connection } = parts;
  const notePuts = createNotePuts(connection, parts.clock);
  return (namespace, ops, now) => {
    let seq: number | undefined;
    const commit: CommitInProgress = {
      namespace,
      now,
      get seq() {
        seq ??= connection.nextSeq();
        return seq;
      },
    };
    const puts = ops.filter(isPlainPut);
    if (puts.length > 0 && ops.every((op) => isPlainPut(op) || op.op === "check")) {
      return (answers) => {
        notePuts(puts.length, commit.seq);
        return answers;
      };
    }
    // They look at lines.
    makeLines(connection, parts.clock);
    const entries = ops.map((op) => entryOf(parts, commit, op));
    return (answers) => answers.map((answer, i) => entries[i]?.(answer) ?? answer);
  };
}

interface CommitInProgress {
  readonly namespace: string;
  readonly now: number;
  /** One for all that is written. */
  readonly seq: number;
}

/** Looks at what there is, before it is written over. */
function entryOf(parts: ReplicaParts, commit: CommitInProgress, op: Op): Entry | undefined {
  switch (op.op) {
    case "put":
      if (op.added !== undefined) return addedEntry(parts, commit, op, op.added);
      return isReplicated(op) ? putEntry(parts, commit, op) : undefined;
    case "delete":
      return isReplicated(op) ? deleteEntry(parts, commit, op) : undefined;
    case "add":
      return addEntry(parts, commit, op);
    case "append":
      return (answer) => {
        logAppend(parts, commit, op, answer);
        return answer;
      };
    case "erase":
      return eraseEntry(parts, commit, op);
    default:
      return undefined;
  }
}

/** The space `system` belongs to this peer alone: indexes, consumers, uploads. */
function isReplicated<O extends PutOp | DeleteOp>(op: O): op is O & { space: ReplicatedSpace } {
  return op.space !== "system";
}

/** One of which nothing needs to be known that was there before, and nothing be done later. */
function isPlainPut(op: Op): op is PutOp & { space: ReplicatedSpace } {
  return (
    op.op === "put" &&
    (op.space === "kv" || op.space === "records") &&
    op.update === undefined &&
    op.added === undefined &&
    op.expiresAt === undefined
  );
}

function nameOf({ namespace }: CommitInProgress, space: ReplicatedSpace, key: string): RowName {
  return { namespace, space, key };
}

function putEntry(
  parts: ReplicaParts,
  commit: CommitInProgress,
  op: PutOp & { space: ReplicatedSpace },
): Entry | undefined {
  const { connection, clock } = parts;
  const bytes = op.space === "blobs" ? findBytesOf(op.value) : undefined;
  // Bytes without a digest cannot be asked for: the blob stays on this peer.
  if (op.space === "blobs" && bytes === undefined) return undefined;
  const name = nameOf(commit, op.space, op.key);
  const line = op.update !== undefined ? readLine(connection, name) : undefined;
  const changed = line === undefined ? undefined : updated(parts, stateOf(connection, line), op, commit.now);
  return (answer) => {
    const { value, version, expiresAt } = op;
    if (changed !== undefined) writeLine(connection, name, changed, { seq: commit.seq, via: null });
    else writeBase(connection, clock, name, { value, version, expiresAt }, commit.seq);
    if (bytes !== undefined && op.content !== undefined) rememberContent(connection, bytes, op.content);
    return answer;
  };
}

/** The state with the update in its document; `undefined` where it is to be a new base. */
function updated(
  { writer }: ReplicaParts,
  before: RowState,
  { value, version, update }: PutOp,
  now: number,
): RowState | undefined {
  const { stamp, document } = before;
  if (before.value === undefined) return undefined;
  const result = updateDocument(
    document === undefined ? { stamp, value: before.value } : { stamp, value: before.value, document },
    value,
    { writer, merge: update },
  );
  return result === "rebase"
    ? undefined
    : { ...before, value, version, updatedAt: Math.max(now, before.updatedAt), document: result.document };
}

function deleteEntry(parts: ReplicaParts, commit: CommitInProgress, op: DeleteOp & { space: ReplicatedSpace }): Entry {
  const { connection, clock } = parts;
  const name = nameOf(commit, op.space, op.key);
  return (answer) => {
    if (answer.existed !== true) return answer;
    writeBase(connection, clock, name, { value: undefined, version: op.version, expiresAt: undefined }, commit.seq);
    return answer;
  };
}

function addEntry(parts: ReplicaParts, commit: CommitInProgress, op: Addition): Entry {
  const { connection } = parts;
  const name = nameOf(commit, "kv", op.key);
  const line = readLine(connection, name);
  const before = line === undefined ? undefined : stateOf(connection, line);
  return (answer) => {
    const state = added(parts, before, op, answer, commit.now);
    writeLine(connection, name, state, { seq: commit.seq, via: null });
    if (state.value === answer.value || state.value === undefined) return answer;
    // Summed over several writers, a number that is no integer may differ in its last digit from the one that is calculated here.
    const { key, version } = op;
    const { value, expiresAt } = state;
    putRow(connection, commit.namespace, { op: "put", space: "kv", key, value, version, expiresAt }, commit.now);
    return { ...answer, value };
  };
}

/** Of an addition that was made in a transaction. */
function addedEntry(parts: ReplicaParts, commit: CommitInProgress, op: PutOp, by: number): Entry {
  const { key, version, value, expiresAt } = op;
  const add = addEntry(parts, commit, { key, version, by });
  return (answer) => {
    add({ value, expiresAt });
    return answer;
  };
}

type Addition = Pick<AddOp, "key" | "version" | "by">;

/** The state with one more addition. Where there was nothing, the addition stands on what every peer has there: nothing, or the same tombstone. */
function added(
  { clock, writer }: ReplicaParts,
  before: RowState | undefined,
  op: Addition,
  answer: Answer,
  now: number,
): RowState {
  const base = before === undefined ? nothing(now) : hasExpired(before, now) ? successor(before, now) : before;
  clock.observe(base.stamp);
  const text = base.cells === undefined ? base.value : base.base;
  const cells = addToCells(text, base.cells ?? [], { writer, by: op.by });
  const expiresAt = answer.expiresAt;
  const isSaid = expiresAt !== base.expiresAt;
  if (cells === "rebase" || cells === undefined) {
    const { version } = op;
    return { stamp: clock.tick(), value: answer.value, version, expiresAt, createdAt: now, updatedAt: now };
  }
  return {
    stamp: base.stamp,
    value: valueOfCells(text, cells),
    version: op.version,
    expiresAt,
    createdAt: base.createdAt,
    updatedAt: now,
    cells,
    base: text,
    expiry: isSaid ? { stamp: clock.tick(), at: expiresAt } : base.expiry,
  };
}

const hasExpired = (state: RowState, now: number) => state.expiresAt !== undefined && !isLive(state, now);

/** Where no peer has written anything yet. */
function nothing(now: number): RowState {
  return { stamp: new Uint8Array(stampBytes), value: undefined, version: "", createdAt: now, updatedAt: now };
}

/** What begins after a row has expired: the same on every peer, so that none of the first additions is lost. */
function successor({ stamp }: RowState, now: number): RowState {
  return { ...nothing(now), stamp: successorOf(stamp) };
}

function eraseEntry(parts: ReplicaParts, commit: CommitInProgress, op: EraseOp): Entry {
  return (answer) => {
    if (answer.existed === true) logErasure(parts, commit, op.stream, op.before);
    return answer;
  };
}
