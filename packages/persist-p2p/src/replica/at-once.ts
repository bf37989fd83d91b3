/** Reading and writing within one turn of the event loop, for who cannot wait for another process that holds the file. */
import { type MaybePromise, PersistError } from "@cuitty/persist-core";
import type { Connection, Patience } from "@cuitty/persist-sqlite/host";

/** SQLite itself waits some milliseconds in each. */
const attempts = 20;

/** It is told that nobody waits any longer, so that what is busy is not tried again behind our back. */
const impatient: Patience = { deadline: 0, signal: AbortSignal.abort() };

export function readAtOnce<T>(connection: Connection, work: () => T): T {
  return atOnce(() => connection.read(impatient, work));
}

/** In a write transaction. */
export function writeAtOnce<T>(connection: Connection, work: () => T): T {
  return atOnce(() => connection.write(impatient, work));
}

/** In a write transaction that is durable with the next one. */
export function writeAheadAtOnce<T>(connection: Connection, work: () => T): T {
  return atOnce(() => connection.writeAhead(impatient, work));
}

/** @throws {PersistError} `UNAVAILABLE` where another process holds the file all the time. */
function atOnce<T>(attempt: () => MaybePromise<T>): T {
  for (let i = 0; i < attempts; i++) {
    const result = attempt();
    if (!(result instanceof Promise)) return result;
    result.catch(() => undefined); // it was busy
  }
  throw new PersistError("UNAVAILABLE", "The file is kept busy by another process. It is tried again later.", {
    adapter: "p2p",
    retryable: true,
  });
}
