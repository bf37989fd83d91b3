/**
 * A postgres.js instance that somebody else made and ends. It has its own queue and its own reconnecting. What it still holds back at the deadline is taken out before it is sent; what was
 * sent is not cancelled, because postgres.js would cancel whatever runs on the connection when the request arrives.
 *
 * Transactions have a connection of their own with the same options, as its `listen` has: on one that it reserves, a statement after the connection broke is an error that nobody can catch.
 */
import type { Locks } from "./connection.ts";
import { listeningOf, openBeside, type Query, runOn, type Sql, sendOn } from "./driver.ts";
import { isAnswer, Late, Unanswered, unreachable } from "./errors.ts";
import { type Listener, presence } from "./listener.ts";
import type { Pool } from "./pool.ts";
import type { Patience } from "./statement.ts";
import { onTimeUp } from "./time-up.ts";

export function createGivenPool(sql: Sql): Pool {
  const { prepare } = sql.options;

  return {
    max: sql.options.max,
    run: (o, _kind, text, params) => answer(o, sendOn(sql, prepare, text, params)),
    borrow: async (o, work) => {
      const own = openBeside(sql);
      try {
        // Connected first: else what follows on a `begin` that did not get through would run by itself.
        await answer(o, sendOn(own.sql, false, "select 1", []));
        return await work({
          send: (_kind, text, params) => (own.isOpen() ? answer(o, sendOn(own.sql, prepare, text, params)) : broken()),
          run: (script) => (own.isOpen() ? runOn(own.sql, script) : broken()),
          spoilt: () => {},
        });
      } finally {
        void own.sql.end({ timeout: goodbye });
      }
    },
    close: async () => {},
  };
}

/** How long what was left open may take to end, in seconds. */
const goodbye = 1;

const broken = async (): Promise<never> => {
  throw new Unanswered("lost", unreachable("ECONNRESET"));
};

function answer<Row>(o: Patience, query: Query<Row>): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const stop = onTimeUp(o, (why) => {
      const cause = why === "aborted" ? o.signal?.reason : undefined;
      const wasSent = query.state != null;
      if (!wasSent) query.cancel();
      reject(wasSent ? new Unanswered(why, cause) : new Late(why, true, cause));
    });
    query.then(
      (rows) => {
        stop();
        resolve(rows);
      },
      (error: unknown) => {
        stop();
        reject(isAnswer(error) || query.state == null ? error : new Unanswered("lost", error));
      },
    );
  });
}

/** By the connection that the instance itself keeps for all who listen. */
export function createGivenListener(sql: Sql, locks: Locks): Listener {
  return {
    listen: (channel, onNotify) => {
      const begin = (): void => {
        runOn(listeningOf(sql), presence(locks)).then(
          () => onNotify(undefined),
          () => {}, // it broke, and is made anew
        );
      };
      const listening = sql.listen(channel, onNotify, begin);
      const stop = async (): Promise<void> => (await listening).unlisten();
      listening.catch(() => {}); // who watches looks once in a while anyway
      return () => void stop().catch(() => {});
    },
    close: async () => {},
  };
}
