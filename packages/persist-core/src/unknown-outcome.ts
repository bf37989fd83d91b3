/**
 * A commit whose reply was lost is found out by its versions, which no other write ever has: where one of them stands, the whole list was applied.
 */
import type { Call } from "./calls.ts";
import type { Answer, AppendOp, Engine, EngineOptions, EraseOp, Op, Row, StreamHead } from "./contract.ts";
import { PersistError } from "./errors.ts";
import type { Applied } from "./gate.ts";
import { firstOf } from "./stream-heads.ts";

/** What the engine would have answered; else throws what is to be told: it may have happened. */
export async function findOut(
  engine: Engine,
  ops: readonly Op[],
  cause: unknown,
  call: Call,
  now: () => number,
): Promise<Applied> {
  const o: EngineOptions = { now: now(), deadline: call.deadline, signal: call.signal };
  try {
    const written = await readWritten(engine, ops, o);
    if (await hasHappened(engine, ops, written, o)) return await gatherAnswers(engine, ops, written, o);
  } catch {
    // The backend cannot be asked either; `cause` says more than this second failure would.
  }
  throw new PersistError(
    "UNAVAILABLE",
    `${call.operation} may or may not have taken effect: the backend's answer was lost. Read again and compare the version.`,
    {
      operation: call.operation,
      key: call.key,
      outcome: "unknown",
      version: ops.find((op) => "version" in op)?.version,
      cause,
    },
  );
}

/** The rows that the operations have written, as far as they stand: read once, because a moment later they may be somebody else's. */
type Written = ReadonlyMap<Op, Row>;

async function readWritten(engine: Engine, ops: readonly Op[], o: EngineOptions): Promise<Written> {
  const written = new Map<Op, Row>();
  for (const op of ops) {
    if (op.op !== "put" && op.op !== "add") continue;
    const [row] = await engine.read(op.space, [op.key], o);
    if (row?.version === op.version) written.set(op, row);
  }
  return written;
}

/**
 * Whether it is certain. A version proves the whole list. Events and erasures do not, because they may have stood there since long: they count only where the list
 * writes nothing else and all of them are found, for then it comes to the same.
 */
async function hasHappened(engine: Engine, ops: readonly Op[], written: Written, o: EngineOptions): Promise<boolean> {
  if (written.size > 0) return true;
  let found = false;
  for (const op of ops) {
    if (op.op === "check" || op.op === "checkRange") continue;
    if (op.op === "append") found = (await findAppended(engine, op, o)) !== undefined;
    else found = op.op === "erase" && (await isErased(engine, op, o));
    if (!found) return false;
  }
  return found;
}

async function findAppended(engine: Engine, { stream, events }: AppendOp, o: EngineOptions) {
  const page = await engine.events({ stream, ids: events.map(({ id }) => id), reverse: true, limit: events.length }, o);
  return page.events.length === events.length ? page.events[0] : undefined;
}

/** Perhaps by somebody else's hand, which comes to the same. */
async function isErased(engine: Engine, { stream, before }: EraseOp, o: EngineOptions): Promise<boolean> {
  const [row] = await engine.read("streams", [stream], o);
  return row !== undefined && firstOf(JSON.parse(row.value) as StreamHead) >= before;
}

/** Throws where a sum is not to be found any more: others have added to it. */
async function gatherAnswers(engine: Engine, ops: readonly Op[], written: Written, o: EngineOptions): Promise<Applied> {
  const answers: Answer[] = [];
  for (const op of ops) {
    if (op.op === "put" || op.op === "add") {
      const row = written.get(op);
      if (op.op === "add" && row === undefined) throw new Error("The sum was written over.");
      answers.push({ createdAt: row?.createdAt ?? o.now, value: row?.value, expiresAt: row?.expiresAt ?? undefined });
    } else if (op.op === "append") {
      const last = await findAppended(engine, op, o);
      answers.push({ appended: { version: last?.version ?? 0, position: last?.position ?? 0, duplicate: false } });
    } else answers.push({ existed: true });
  }
  return { time: o.now, answers };
}
