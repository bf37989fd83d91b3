/**
 * A postgres.js instance that somebody else made and ends. It has its own queue and its own reconnecting. What it still holds back at the deadline is taken out before it is sent; what was
 * sent is not cancelled, because postgres.js would cancel whatever runs on the connection when the request arrives.
 */
import { type Query, runOn, type Sql, sendOn } from "./driver.ts";
import { isAnswer, Late, Unanswered } from "./errors.ts";
import type { Listener } from "./listener.ts";
import type { Pool } from "./pool.ts";
import type { Patience } from "./statement.ts";
import { onTimeUp } from "./time-up.ts";

export function createGivenPool(sql: Sql): Pool {
  const { prepare } = sql.options;

  const borrow: Pool["borrow"] = async (o, work) => {
    const reserved = await reserve(sql, o);
    let lost = false;
    try {
      return await work({
        send: (_kind, text, params) => answer(o, sendOn(reserved, prepare, text, params)),
        run: async (script) => {
          // On a connection that is closed postgres.js would throw where nobody can catch it.
          if (lost) throw new Unanswered("lost", undefined);
          return runOn(reserved, script);
        },
        spoilt: () => {
          lost = true;
        },
      });
    } finally {
      reserved.release();
    }
  };

  return {
    run: (o, _kind, text, params) => answer(o, sendOn(sql, prepare, text, params)),
    borrow,
    close: async () => {},
  };
}

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

function reserve(sql: Sql, o: Patience): ReturnType<Sql["reserve"]> {
  return new Promise((resolve, reject) => {
    let late = false;
    const stop = onTimeUp(o, (why) => {
      late = true;
      reject(new Late(why, true, why === "aborted" ? o.signal?.reason : undefined));
    });
    sql.reserve().then((reserved) => {
      if (late) return reserved.release();
      stop();
      resolve(reserved);
    }, reject);
  });
}

/** By the connection that the instance itself keeps for all who listen. */
export function createGivenListener(sql: Sql): Listener {
  return {
    listen: (channel, onNotify) => {
      const listening = sql.listen(channel, onNotify, () => onNotify(undefined));
      const stop = async (): Promise<void> => (await listening).unlisten();
      listening.catch(() => {}); // who watches looks once in a while anyway
      return () => void stop().catch(() => {});
    },
    close: async () => {},
  };
}
