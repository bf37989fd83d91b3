/**
 * A commit whose reply was lost is found out by its versions, which no other write ever has: where one of them stands, the whole list was applied.
 */
import type { Call } from "./calls.ts";
import type { AddOp, Answer, AppendOp, Engine, EngineOptions, EraseOp, Op, PutOp, StreamHead } from "./contract.ts";
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
    if (await hasHappened(engine, ops, o)) return await gatherAnswers(engine, ops, o);
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

/**
 * Whether it is certain. A version proves the whole list. Events and erasures do not, because they may have stood there since long: they count only where the list
 * writes nothing else and all of them are found, for then it comes to the same.
 */
async function hasHappened(engine: Engine, ops: readonly Op[], o: EngineOptions): Promise<boolean> {
  for (const op of ops) if ((op.op === "put" || op.op === "add") && (await isThere(engine, op, o))) return true;
  let found = false;
  for (const op of ops) {
    if (op.op === "check" || op.op === "checkRange") continue;
    if (op.op === "append") found = (await findAppended(engine, op, o)) !== undefined;
    else found = op.op === "erase" && (await isErased(engine, op, o));
    if (!found) return false;
  }
  return found;
}

async function isThere(engine: Engine, op: PutOp | AddOp, o: EngineOptions): Promise<boolean> {
  const [row] = await engine.read(op.space, [op.key], o);
  return row?.version === op.version;
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

async function gatherAnswers(engine: Engine, ops: readonly Op[], o: EngineOptions): Promise<Applied> {
  const answers: Answer[] = [];
  for (const op of ops) {
    if (op.op === "put" || op.op === "add") {
      const [row] = await engine.read(op.space, [op.key], o);
      answers.push({ createdAt: row?.createdAt ?? o.now, value: row?.value, expiresAt: row?.expiresAt ?? undefined });
    } else if (op.op === "append") {
      const last = await findAppended(engine, op, o);
      answers.push({ appended: { version: last?.version ?? 0, position: last?.position ?? 0, duplicate: false } });
    } else answers.push({ existed: true });
  }
  return { time: o.now, answers };
}
