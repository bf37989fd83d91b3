/**
 * At most so many connections, each for one statement (or one transaction) at a time. Who finds none free waits here, so that nothing is handed to the driver before it is sent: what
 * was not sent by its deadline will never run, and to cancel what runs hits nobody else's.
 */
import { setTimeout as delay } from "node:timers/promises";
import { PersistError } from "@cuitty/persist-core";
import type { Link, LinkEvents } from "./driver.ts";
import { isAnswer, Late, Unanswered } from "./errors.ts";
import type { Param, Patience } from "./statement.ts";
import { onTimeUp } from "./time-up.ts";

export interface Pool {
  /** The most connections. */
  readonly max: number;
  /** Runs one statement on a connection of its own. Rejects with the server's error, {@link Late} or {@link Unanswered}. */
  run<Row>(o: Patience, kind: Kind, text: string, params: readonly Param[]): Promise<Row[]>;
  /** Lends a connection. It comes back where `work` leaves it as it was, and is cut where it says so by `spoilt`. */
  borrow<T>(o: Patience, work: (link: Borrowed) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Of a write the answer is waited for a little after the deadline: it is better to know. */
export type Kind = "read" | "write";

export interface Borrowed {
  send<Row>(kind: Kind, text: string, params: readonly Param[]): Promise<Row[]>;
  run(script: string): Promise<{ readonly command?: string | null }>;
  spoilt(): void;
}

export interface PoolOptions {
  readonly max: number;
  open(events: LinkEvents): Promise<Link>;
}

/** How long, in milliseconds, a statement that is being cancelled has to end before its connection is given up. */
const grace = 400;

/** How old a connection may grow, in milliseconds, so that servers behind one name get their share again and what backends have gathered is freed. */
const lifetime = 30 * 60_000;

/** After a connection could not be made although others stand, the next is tried so many milliseconds later. */
const growthPause = 1_000;

interface Waiter {
  take(link: Link): void;
  fail(error: unknown): void;
}

export function createPool({ max, open }: PoolOptions): Pool {
  const links = new Set<Link>();
  const idle: Link[] = [];
  const waiting = new Set<Waiter>();
  const cancelling = new Set<Promise<void>>();
  let opening = 0;
  let growAfter = 0;
  let closed = false;

  const acquire = (o: Patience): Link | Promise<Link> => {
    if (closed) throw new PersistError("CLOSED", "The connections to Postgres are closed.", { adapter: "postgres" });
    if (o.signal?.aborted) throw new Late("aborted", true, o.signal.reason);
    for (let link = idle.pop(); link !== undefined; link = idle.pop()) {
      if (!link.isOpen) continue;
      link.hold(true);
      return link;
    }
    return wait(o);
  };

  const wait = (o: Patience): Promise<Link> =>
    new Promise((resolve, reject) => {
      const stop = onTimeUp(o, (why) => {
        waiting.delete(waiter);
        reject(new Late(why, true, why === "aborted" ? o.signal?.reason : undefined));
      });
      const waiter: Waiter = {
        take: (link) => {
          stop();
          resolve(link);
        },
        fail: (error) => {
          stop();
          reject(error);
        },
      };
      waiting.add(waiter);
      grow();
    });

  const next = (): Waiter | undefined => {
    const [waiter] = waiting;
    if (waiter !== undefined) waiting.delete(waiter);
    return waiter;
  };

  const offer = (link: Link): void => {
    const waiter = link.isOpen && !closed ? next() : undefined;
    if (waiter !== undefined) waiter.take(link);
    else if (link.isOpen && !closed) {
      link.hold(false);
      idle.push(link);
    } else forget(link);
  };

  const forget = (link: Link): void => {
    links.delete(link);
    if (idle.includes(link)) idle.splice(idle.indexOf(link), 1);
    if (link.isOpen) void link.close().catch(() => link.destroy());
    grow();
  };

  const release = (link: Link): void => {
    if (performance.now() - link.openedAt > lifetime) forget(link);
    else offer(link);
  };

  const grow = (): void => {
    const alone = links.size + opening === 0;
    if (closed || waiting.size <= opening || links.size + opening >= max) return;
    if (!alone && performance.now() < growAfter) return;
    opening += 1;
    void openOne().then(grow);
  };

  const openOne = async (): Promise<void> => {
    let made: Link | undefined;
    try {
      made = await open({
        onClose: () => {
          if (made !== undefined) forget(made);
        },
      });
    } catch (error) {
      opening -= 1;
      growAfter = performance.now() + growthPause;
      if (links.size + opening > 0) return; // those who wait get one of these
      for (const waiter of waiting) waiter.fail(error);
      waiting.clear();
      return;
    }
    opening -= 1;
    links.add(made);
    offer(made);
  };

  const cancel = (link: Link): Promise<void> => {
    const cancelled = link.cancel();
    cancelling.add(cancelled);
    void cancelled.finally(() => cancelling.delete(cancelled));
    return cancelled;
  };

  /** Gives the answer, or stops waiting for it. `leave` is called once nothing of ours runs on the link any more. */
  const answer = <Row>(link: Link, o: Patience, kind: Kind, sent: Promise<Row[]>, leave: () => void): Promise<Row[]> =>
    new Promise((resolve, reject) => {
      let why: "deadline" | "aborted" | undefined;
      const giveUp = (reason: "deadline" | "aborted"): void => {
        why = reason;
        const cancelled = cancel(link);
        const unanswered = (): void =>
          reject(new Unanswered(reason, reason === "aborted" ? o.signal?.reason : undefined, link.backend));
        if (kind === "read") unanswered();
        const timer = setTimeout(() => {
          unanswered();
          link.destroy();
        }, grace);
        // The link is nobody else's before the request to cancel has gone, so that it does not meet the statement after this one.
        void Promise.allSettled([sent, cancelled]).then(() => {
          clearTimeout(timer);
          leave();
        });
      };
      const stop = onTimeUp(o, giveUp);
      const done = (): void => {
        stop();
        if (why === undefined) leave();
      };
      sent.then(
        (rows) => {
          done();
          resolve(rows);
        },
        (error: unknown) => {
          // Before it is given back: what would be sent on it now would never be answered.
          if (!isAnswer(error)) link.destroy();
          done();
          if (!isAnswer(error)) reject(new Unanswered(why ?? "lost", error, link.backend));
          else if (why !== undefined) reject(new Late(why, false, error));
          else reject(error);
        },
      );
    });

  const run: Pool["run"] = async <Row>(o: Patience, kind: Kind, text: string, params: readonly Param[]) => {
    const free = acquire(o);
    const link = free instanceof Promise ? await free : free;
    return answer(link, o, kind, link.send<Row>(text, params), () => release(link));
  };

  const borrow: Pool["borrow"] = async (o, work) => {
    const link = await acquire(o);
    const spoilt = (): void => link.destroy();
    try {
      return await work({
        send: (kind, text, params) => answer(link, o, kind, link.send(text, params), () => {}),
        run: (script) => link.run(script),
        spoilt,
      });
    } finally {
      release(link);
    }
  };

  return {
    max,
    run,
    borrow,
    close: async () => {
      closed = true;
      const error = new PersistError("CLOSED", "The connections to Postgres are closed.", { adapter: "postgres" });
      for (const waiter of waiting) waiter.fail(error);
      waiting.clear();
      await Promise.allSettled([...links].map((link) => link.close()));
      // Whoever closes may end the process next, and a request that is cut off on its way brings PgBouncer 1.18 down.
      await Promise.race([Promise.all(cancelling), delay(grace, undefined, { ref: false })]);
    },
  };
}
