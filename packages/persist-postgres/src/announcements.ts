/**
 * Telling other processes, by NOTIFY, in which scopes something was committed. On its own and never within a commit: a transaction that notifies takes a lock of the whole cluster.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Connection } from "./connection.ts";

export interface Announcer {
  /** Sends at once, and then at most once in {@link pause}.told, the last word always. Where nobody listens nothing is sent, and for {@link pause}.unheard nobody is looked for. */
  announce(scope: number): void;
  /** Sends a word that is for nobody, to hear it come back where we listen. */
  prove(): void;
  /** Tells this one of each word from now on, and nobody else: before it is sent, since it may be heard before we know that it was. */
  report(to: Sending): void;
  /** Sends what has not been sent yet. */
  close(): Promise<void>;
}

export interface Sending {
  sending(): void;
  failed(): void;
}

/** What was heard. No scopes: it proves that one can hear. */
export interface Announcement {
  /** Another one for each adapter. */
  readonly sender: string;
  readonly scopes: readonly number[] | "all";
}

/** After a word that somebody could hear, and after one that nobody could, in milliseconds. Whoever begins to listen in that time is told at its end. */
const pause = { told: 10, unheard: 250 };
/** To send a word, in milliseconds. One that does not get through in that time is no news. */
const patience = 2000;
/** A payload has at most 7999 bytes. */
const mostScopes = 500;

/** An identifier, at most 63 bytes. */
export function channelOf({ schema }: Pick<Connection, "schema">): string {
  return `persist_${createHash("sha256").update(schema).digest("hex").slice(0, 32)}`;
}

export const newSender = (): string => randomUUID();

/** `undefined` for what is none of ours. */
export function parseAnnouncement(payload: string): Announcement | undefined {
  const [, sender, scopes] = /^([0-9a-f-]{36}) (\*|(?:\d{1,10}(?:,\d{1,10})*)?)$/.exec(payload) ?? [];
  if (sender === undefined || scopes === undefined) return undefined;
  if (scopes === "*") return { sender, scopes: "all" };
  return { sender, scopes: scopes === "" ? [] : scopes.split(",").map(Number) };
}

export function formatAnnouncement({ sender, scopes }: Announcement): string {
  return `${sender} ${scopes === "all" || scopes.length > mostScopes ? "*" : scopes.join()}`;
}

// One row, or none where nobody listens. Then it is no more than a look: a notification is a transaction that writes, even if it is for nobody. Nobody waits for it to be on disk: it is gone
// with the server anyway.
const notify = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)
  where not pg_try_advisory_xact_lock($3::int4, 0)`;

export function createAnnouncer(connection: Connection, sender: string): Announcer {
  const channel = channelOf(connection);
  const pending = new Set<number>();
  let sending = false;
  let closed = false;
  let reader: Sending | undefined;

  /** Whether somebody may hear it. */
  async function send(scopes: readonly number[]): Promise<boolean> {
    reader?.sending();
    try {
      const told = await connection.write({ deadline: performance.now() + patience }, notify, [
        channel,
        formatAnnouncement({ sender, scopes }),
        connection.locks.listening,
      ]);
      return told.length > 0;
    } catch {
      reader?.failed(); // whoever waits looks by itself before long
      return true;
    }
  }

  async function sendAll(): Promise<void> {
    sending = true;
    while (pending.size > 0) {
      const scopes = [...pending];
      pending.clear();
      const [isHeard] = await Promise.all([send(scopes), closed ? undefined : sleep(pause.told)]);
      if (!isHeard && !closed) await sleep(pause.unheard - pause.told);
    }
    sending = false;
  }

  return {
    announce(scope) {
      if (closed) return;
      pending.add(scope);
      if (!sending) void sendAll();
    },
    prove() {
      if (!closed) void send([]);
    },
    report(to) {
      reader = to;
    },
    async close() {
      closed = true;
      const scopes = [...pending];
      pending.clear();
      if (scopes.length > 0) await send(scopes);
    },
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
