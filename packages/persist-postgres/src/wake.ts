/**
 * Telling listeners that something may have changed: after a commit of this process at once, after those of others by NOTIFY. Where nothing proves that notifications arrive, we look four times a
 * second. One for each adapter, with one connection that listens, and that only while somebody does and a little longer.
 */
import { channelOf, createAnnouncer, newSender, parseAnnouncement } from "./announcements.ts";
import type { Connection } from "./connection.ts";
import { createHearing, type Hearing } from "./hearing.ts";
import { createNews } from "./news.ts";

export interface Wake {
  listen(scope: number, onWake: () => void): () => void;
  /** Something was committed. Calls the scope's listeners back once this turn of the event loop is over, however often it is called in it. */
  notify(scope: number): void;
  close(): Promise<void>;
}

/** Between two looks, and the longest that one may take. In milliseconds. */
const interval = 250;
const patience = 2000;

/** A word of our own is heard within two seconds, or notifications do not arrive; where there was none for ten, one is sent. */
const beats = { answer: 2000 / interval, silence: 10_000 / interval };

/** How long, in milliseconds, the connection is kept for the next listener: who follows something listens anew after each page. */
const linger = 10_000;

export function createWake(connection: Connection): Wake {
  const listeners = new Map<number, Set<() => void>>();
  const ring = createBell(listeners);
  const sender = newSender();
  const announcer = createAnnouncer(connection, sender);
  let watch: { end(): void } | undefined;
  let ending: NodeJS.Timeout | undefined;
  let closed = false;

  const ringAll = (): void => ring([...listeners.keys()]);

  function begin(): { end(): void } {
    const listen = (): (() => void) =>
      connection.listen(channelOf(connection), (payload) => {
        if (payload === undefined) {
          hearing.begin();
          ringAll();
        } else {
          hearing.heard();
          hear(payload);
        }
      });
    const hearing = createHearing({
      beats,
      ask: announcer.prove,
      onLost() {
        unlisten(); // where nobody else listens, this ends the connection, and the next one is another
        unlisten = listen();
      },
    });
    announcer.report(hearing);
    let unlisten = listen();
    const stop = poll(hearing);
    return {
      end() {
        unlisten();
        stop();
      },
    };
  }

  function hear(payload: string): void {
    const heard = parseAnnouncement(payload);
    if (heard === undefined || heard.sender === sender) return;
    ring(heard.scopes === "all" ? [...listeners.keys()] : heard.scopes);
  }

  function end(): void {
    clearTimeout(ending);
    watch?.end();
    watch = undefined;
  }

  /** Looks by itself, unless there is proof that it need not. */
  function poll(hearing: Hearing): () => void {
    const news = createNews(connection);
    let looking = false;
    const look = async (): Promise<void> => {
      hearing.beat();
      if (looking || listeners.size === 0 || hearing.isProven) return;
      looking = true;
      try {
        ring(await news.look([...listeners.keys()], { deadline: performance.now() + patience }));
      } catch {
        // Whoever reads next will be told.
      }
      looking = false;
    };
    const timer = setInterval(look, interval).unref();
    return () => clearInterval(timer);
  }

  return {
    listen(scope, onWake) {
      if (closed) return () => {};
      const listener = () => onWake(); // of its own, so that one function may listen twice
      const ofScope = listeners.get(scope) ?? new Set();
      listeners.set(scope, ofScope.add(listener));
      clearTimeout(ending);
      watch ??= begin();
      return () => {
        ofScope.delete(listener);
        if (ofScope.size === 0 && listeners.get(scope) === ofScope) listeners.delete(scope);
        if (listeners.size > 0) return;
        clearTimeout(ending);
        ending = setTimeout(end, linger).unref();
      };
    },

    notify(scope) {
      if (closed) return;
      ring([scope]);
      announcer.announce(scope);
    },

    async close() {
      closed = true;
      listeners.clear();
      end();
      await announcer.close();
    },
  };
}

/** Calls the listeners of the scopes back, once in a turn of the event loop. */
function createBell(listeners: ReadonlyMap<number, ReadonlySet<() => void>>): (scopes: readonly number[]) => void {
  const rung = new Set<number>();
  return (scopes) => {
    const isQuiet = rung.size === 0;
    for (const scope of scopes) if (listeners.has(scope)) rung.add(scope);
    if (!isQuiet || rung.size === 0) return;
    setImmediate(() => {
      const due = [...rung].flatMap((scope) => [...(listeners.get(scope) ?? [])]);
      rung.clear();
      for (const listener of due) listener();
    });
  };
}
