/**
 * Group commit. Whatever is submitted in one turn of the event loop, or while a commit is in flight, goes down to the engine together: one driver transaction, one
 * sync to disk, one round trip for all of it, and each submission is answered by itself.
 *
 * The way of a submission is short on purpose: with an engine that answers at once, a serial write costs one promise and one microtask here.
 */
import { aborted, type Call, timedOut, watch } from "./calls.ts";
import { conflict } from "./conflicts.ts";
import type { CommitResult, Engine, Op } from "./contract.ts";
import { PersistError } from "./errors.ts";
import { explain } from "./explain.ts";
import { createFlights } from "./flights.ts";
import type { Applied } from "./gate.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { commitLimits } from "./limits.ts";
import type { Turns } from "./turns.ts";
import { findOut } from "./unknown-outcome.ts";

export interface CommitQueue {
  submit(ops: readonly Op[], call: Call): Promise<Applied>;
}

interface Submission {
  readonly ops: readonly Op[];
  readonly call: Call;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: unknown) => void;
  /** `sent`: the engine has it, and from here on it may have happened. `left`: its caller gave up before that. */
  state: "waiting" | "sent" | "left";
  /** Ends the watch over its deadline and signal, where there is one. */
  unwatch: (() => void) | undefined;
}

/** The most operations in one driver transaction, so that none holds the engine for long. */
const maxGroup = 2000;

/** The most that its values and events may come to, in UTF-16 units, so that none needs more memory than the largest commit, or more time than its callers have. */
const maxGroupSize = commitLimits.commitBytes;

/** Milliseconds that a commit is given before others pass it, where the backend lets several be in flight. Before that it is worth waiting for: together they cost less. */
const patience = 20;

/** Its `then` is a microtask as good as queueMicrotask's, which in Node.js makes an async resource each time. */
const settled = Promise.resolve();

export function createCommitQueue(engine: Engine, now: () => number, lifecycle: Lifecycle, turns: Turns): CommitQueue {
  const flights = createFlights();
  const most = engine.flights ?? 1;
  let waiting: Submission[] = [];
  let passing: ReturnType<typeof setTimeout> | undefined;

  /** Sends what may go, in groups, until one is in flight. */
  const flush = () => {
    clearTimeout(passing);
    passing = undefined;
    while (waiting.length > 0 && flights.size < most) {
      const before = waiting.length;
      const group = takeGroup();
      if (waiting.length === before) return; // all of it has to wait for what is in flight
      const end = flights.begin(group.map(({ ops }) => ops));
      const flight = send(group);
      if (flight === undefined) {
        end();
        continue;
      }
      void flight.finally(() => {
        end();
        flush();
      });
      if (waiting.length > 0) passSoon();
      return;
    }
  };

  /** Lets what waits pass a commit that takes long. */
  const passSoon = () => {
    if (flights.size < most) passing ??= setTimeout(flush, patience);
  };

  const flushSoon = () => {
    if (turns.isDue(performance.now())) void turns.take().then(flush);
    else void settled.then(flush);
  };

  /** The next ones to send, in order, without those whose callers have left. */
  const takeGroup = (): Submission[] => {
    const group: Submission[] = [];
    const passing = flights.passing(waiting);
    let ops = 0;
    let size = 0;
    let taken = 0;
    for (const submission of passing) {
      const added = sizeOf(submission.ops);
      if (group.length > 0 && (ops + submission.ops.length > maxGroup || size + added > maxGroupSize)) break;
      taken++;
      if (hasLeft(submission)) {
        lifecycle.leave();
        continue;
      }
      group.push(submission);
      ops += submission.ops.length;
      size += added;
    }
    if (taken === waiting.length) waiting = [];
    else {
      const gone = new Set(passing.slice(0, taken));
      waiting = waiting.filter((submission) => !gone.has(submission));
    }
    return group;
  };

  /** Answers the whole group. A promise only where the engine needs time. */
  const send = (group: readonly Submission[]): Promise<void> | undefined => {
    if (group.length === 0) return undefined;
    const lists: (readonly Op[])[] = [];
    let deadline = 0;
    for (const submission of group) {
      submission.state = "sent";
      lists.push(submission.ops);
      if (submission.call.deadline > deadline) deadline = submission.call.deadline;
    }
    try {
      const results = engine.commit(lists, { now: now(), deadline });
      if (!(results instanceof Promise)) return answer(group, results);
      group.forEach(watchOver);
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
      if (result.outcome === "applied") succeed(submission, result);
      else if (result.outcome === "conflict") refuse(submission, conflict(submission.ops, result, submission.call));
      else if (result.outcome === "failed") refuse(submission, result.error);
      else {
        doubtful ??= [];
        doubtful.push(
          findOut(engine, submission.ops, result.cause, submission.call, now).then(
            (applied) => succeed(submission, applied),
            (error) => refuse(submission, error),
          ),
        );
      }
    }
    return doubtful === undefined ? undefined : Promise.all(doubtful).then(() => undefined);
  };

  /** Nothing of the group was applied. One of its lists may be to blame, so each is tried alone. */
  const fail = (group: readonly Submission[], error: unknown): Promise<void> | undefined => {
    const waitedInVain = PersistError.is(error, "TIMEOUT") || PersistError.is(error, "ABORTED");
    if (group.length === 1 || waitedInVain) {
      for (const submission of group) refuse(submission, error);
      return undefined;
    }
    return group.reduce(async (before, submission) => {
      await before;
      await send([submission]);
    }, Promise.resolve());
  };

  const succeed = (submission: Submission, applied: Applied) => {
    submission.unwatch?.();
    lifecycle.leave();
    submission.resolve(applied);
  };

  const refuse = (submission: Submission, error: unknown) => {
    submission.unwatch?.();
    lifecycle.leave();
    submission.reject(explain(error, submission.call, engine));
  };

  return {
    submit: (ops, call) =>
      new Promise((resolve, reject) => {
        const submission: Submission = { ops, call, resolve, reject, state: "waiting", unwatch: undefined };
        lifecycle.enter();
        waiting.push(submission);
        if (flights.size > 0) {
          watchOver(submission);
          passSoon();
        } else if (waiting.length === 1) flushSoon();
      }),
  };
}

function sizeOf(ops: readonly Op[]): number {
  let size = 0;
  for (const op of ops) {
    if (op.op === "put") size += op.value.length;
    else if (op.op === "append") for (const { data, metadata = "" } of op.events) size += data.length + metadata.length;
  }
  return size;
}

/** Only for those who have to wait: an engine that answers at once needs no timer. */
function watchOver(submission: Submission): void {
  if (submission.unwatch !== undefined) return;
  const version = submission.ops.find((op) => "version" in op)?.version;
  submission.unwatch = watch(
    submission.call,
    () => (submission.state === "sent" ? { outcome: "unknown", version } : { outcome: "not-applied" }),
    (error) => {
      if (submission.state === "waiting") submission.state = "left";
      submission.reject(error);
    },
  );
}

/** Whether its caller has given up, so that it must not be sent any more. */
function hasLeft(submission: Submission): boolean {
  const { call, unwatch } = submission;
  if (submission.state === "waiting") {
    if (call.signal?.aborted === true) submission.reject(aborted(call));
    else if (unwatch !== undefined && performance.now() > call.deadline) submission.reject(timedOut(call));
    else return false;
  }
  unwatch?.();
  return true;
}
