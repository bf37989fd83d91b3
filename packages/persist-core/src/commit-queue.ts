/**
 * Group commit. Whatever is submitted in one turn of the event loop, or while a commit is in flight, goes down to the engine together: one driver transaction, one
 * sync to disk, one round trip for all of it, and each submission is answered by itself.
 */
import { aborted, type Call, timedOut, watch } from "./calls.ts";
import { conflict } from "./conflicts.ts";
import type { CommitResult, Engine, Op } from "./contract.ts";
import { PersistError } from "./errors.ts";
import type { Applied } from "./gate.ts";
import { findOut } from "./unknown-outcome.ts";

export interface CommitQueue {
  submit(ops: readonly Op[], call: Call): Promise<Applied>;
}

interface Submission {
  readonly ops: readonly Op[];
  readonly call: Call;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: unknown) => void;
  readonly answered: Promise<Applied>;
  /** The engine has it: from here on it may have happened. */
  sent: boolean;
  watched: boolean;
}

/** The most operations in one driver transaction, so that none holds the engine for long. */
const maxGroup = 2000;

export function createCommitQueue(engine: Engine, now: () => number): CommitQueue {
  let waiting: Submission[] = [];
  let busy = false;

  const flush = () => {
    while (waiting.length > 0) {
      const group = takeGroup();
      const flight = send(group);
      if (flight !== undefined) {
        busy = true;
        void flight.finally(() => {
          busy = false;
          flush();
        });
        return;
      }
    }
  };

  const takeGroup = (): Submission[] => {
    const group: Submission[] = [];
    let ops = 0;
    let taken = 0;
    for (const submission of waiting) {
      if (group.length > 0 && ops + submission.ops.length > maxGroup) break;
      taken++;
      if (isGone(submission)) continue;
      group.push(submission);
      ops += submission.ops.length;
    }
    waiting = taken === waiting.length ? [] : waiting.slice(taken);
    return group;
  };

  /** Answers the whole group. A promise only where the engine needs time. */
  const send = (group: readonly Submission[]): Promise<void> | undefined => {
    if (group.length === 0) return undefined;
    for (const submission of group) submission.sent = true;
    try {
      const results = engine.commit(
        group.map((submission) => submission.ops),
        { now: now(), deadline: group.reduce((latest, { call }) => Math.max(latest, call.deadline), 0) },
      );
      if (!(results instanceof Promise)) return answer(group, results);
      for (const submission of group) giveUpInTime(submission);
      return results.then(
        (settled) => answer(group, settled),
        (error) => fail(group, error),
      );
    } catch (error) {
      return fail(group, error);
    }
  };

  const answer = (group: readonly Submission[], results: readonly CommitResult[]): Promise<void> | undefined => {
    let doubtful: Promise<void>[] | undefined;
    for (let i = 0; i < group.length; i++) {
      const submission = group[i] as Submission;
      const result = results[i] as CommitResult;
      if (result.outcome === "applied") submission.resolve(result);
      else if (result.outcome === "conflict") submission.reject(conflict(submission.ops, result, submission.call));
      else {
        doubtful ??= [];
        const finding = findOut(engine, submission.ops, result.cause, submission.call, now);
        doubtful.push(finding.then(submission.resolve, submission.reject));
      }
    }
    return doubtful === undefined ? undefined : Promise.all(doubtful).then(() => undefined);
  };

  /** Nothing of the group was applied. One of its lists may be to blame, so each is tried alone. */
  const fail = (group: readonly Submission[], error: unknown): Promise<void> | undefined => {
    const waitedInVain = PersistError.is(error, "TIMEOUT") || PersistError.is(error, "ABORTED");
    if (group.length === 1 || waitedInVain) {
      for (const submission of group) submission.reject(error);
      return undefined;
    }
    return group.reduce(async (before, submission) => {
      await before;
      await send([submission]);
    }, Promise.resolve());
  };

  return {
    submit(ops, call) {
      const { promise: answered, resolve, reject } = Promise.withResolvers<Applied>();
      const submission: Submission = { ops, call, resolve, reject, answered, sent: false, watched: false };
      waiting.push(submission);
      if (busy) giveUpInTime(submission);
      else if (waiting.length === 1) queueMicrotask(flush);
      return answered;
    },
  };
}

/** Only for those who have to wait: an engine that answers at once needs no timer. */
function giveUpInTime(submission: Submission): void {
  if (submission.watched) return;
  submission.watched = true;
  const { ops, call, reject, answered } = submission;
  const version = ops.find((op) => "version" in op)?.version;
  const stop = watch(
    call,
    () => (submission.sent ? { outcome: "unknown", version } : { outcome: "not-applied" }),
    reject,
  );
  answered.then(stop, stop);
}

/** Whether its caller has given up before it was sent. */
function isGone({ call, reject }: Submission): boolean {
  if (call.signal?.aborted === true) reject(aborted(call));
  else if (performance.now() > call.deadline) reject(timedOut(call));
  else return false;
  return true;
}
