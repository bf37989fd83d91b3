/** A writer at work: its words taken down in the books, and its end. */
import { setTimeout as pause } from "node:timers/promises";
import type { Break } from "./assignment.ts";
import type { Complaint } from "./complaints.ts";
import type { Expected } from "./expected.ts";
import type { Message } from "./journal.ts";
import type { OpeningTimes, WorkMoment } from "./moments.ts";
import type { Plan } from "./plan.ts";
import type { WriterPool } from "./writer-process.ts";

/** Where writers work, and the books about it. */
export interface Stage {
  readonly location: string;
  readonly seed: string;
  readonly plan: Plan;
  readonly expected: Expected;
  readonly pool: WriterPool;
  readonly opening: OpeningTimes;
  readonly break: Break | undefined;
}

export interface Session {
  /** How many operations. */
  readonly acknowledged: number;
  readonly complaints: readonly Complaint[];
  /** Resolves when the moment has come, counted from now, or will not. */
  reach(moment: WorkMoment): Promise<void>;
  /** From now on its backend may be out of reach. Else it must not be. */
  allowOutage(): void;
  kill(): Promise<void>;
  /** Stops it between two steps, to be killed and not to go on. What it has begun with the system is completed. */
  freeze(): Promise<void>;
  /** Lets it finish what it has begun, and end by itself. */
  finish(): Promise<void>;
}

const lanes = 8;
/** Further ones, for those that end before their writer does. */
const spareLanes = 24;
/** Who needs longer than this for the first operation, or for the last one, hangs, however much else the machine has to do. In milliseconds. */
const patience = 60_000;

/** Begins the work of writer number `writer`. */
export async function startSession(stage: Stage, writer: number): Promise<Session> {
  const { location, seed, plan, expected, opening } = stage;
  const child = await stage.pool.take();
  const complaints: Complaint[] = [];
  const complain = (text: string) => complaints.push({ kind: "failed", text: `writer ${writer} ${text}` });
  const began = performance.now();
  let acknowledged = 0;
  let onAcknowledged: (() => void) | undefined;
  let isReachable = true;

  const hear = (message: Message) => {
    switch (message[0]) {
      case "open":
        return opening.learn(performance.now() - began);
      case "start":
        return expected.announce(plan.operation(message[1]));
      case "done": {
        const untrue = expected.acknowledge(message[1], message[2]);
        for (const text of untrue) complaints.push({ kind: "lost", text });
        acknowledged++;
        return onAcknowledged?.();
      }
      case "undone":
      case "unknown":
        if (message[0] === "undone") expected.retract(message[1]);
        if (isReachable) complain(`could not reach the backend at ${message[1]}: ${message[2]}`);
        return;
      case "failed":
        return complain(`failed at ${message[1]}: ${message[2]}`);
    }
  };
  const all = Array.from({ length: lanes + spareLanes }, (_, lane) => expected.next(`${writer}.${lane}`));
  const [first, spare] = [all.slice(0, lanes), all.slice(lanes)];
  child.begin({ location, seed, first, spare, break: stage.break }, hear);

  const acknowledgements = (more: number) =>
    new Promise<void>((resolve) => {
      const enough = acknowledged + more;
      onAcknowledged = () => acknowledged >= enough && resolve();
      onAcknowledged();
    });

  return {
    complaints,
    get acknowledged() {
      return acknowledged;
    },
    async reach({ latest, acknowledgement, delay }) {
      const isAtWork = await settlesWithin(patience, Promise.race([acknowledgements(1), child.ended]));
      if (!isAtWork) complain(`acknowledged nothing in ${patience} ms`);
      const enough = acknowledgements(acknowledgement - 1).then(() => pause(delay));
      await settlesWithin(latest, Promise.race([enough, child.ended]));
    },
    allowOutage() {
      isReachable = false;
    },
    async kill() {
      child.kill();
      const { killed, complaint } = await child.ended;
      if (!killed) complain(`ended by itself: ${complaint ?? "it said nothing"}`);
    },
    freeze: () => child.freeze(),
    async finish() {
      child.stop();
      if (!(await settlesWithin(patience, child.ended))) {
        complain(`did not end in ${patience} ms`);
        child.kill();
      }
      const { complaint } = await child.ended;
      if (complaint !== undefined) complain(`did not end well: ${complaint}`);
    },
  };
}

/** Has a process open the store, for its making or its recovery, and kills it meanwhile. */
export async function killWhileOpening(stage: Stage, milliseconds: number): Promise<readonly Complaint[]> {
  const { location, seed } = stage;
  const child = await stage.pool.take();
  const complaints: Complaint[] = [];
  child.begin({ location, seed, first: [], spare: [], break: undefined }, () => undefined);
  await settlesWithin(milliseconds, child.ended);
  child.kill();
  const { complaint, killed } = await child.ended;
  if (!killed && complaint !== undefined) complaints.push({ kind: "failed", text: `opening: ${complaint}` });
  return complaints;
}

async function settlesWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const tooLate = pause(milliseconds, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    timer.abort();
  }
}
