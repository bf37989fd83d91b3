/** The connection that listens: one for a store, while somebody watches, and made anew whenever it breaks. */
import type { Locks } from "./connection.ts";
import type { Link, LinkEvents } from "./driver.ts";

/** `payload` of a notification; `undefined` where something may have been missed, because nobody listened before now. */
export type OnNotify = (payload: string | undefined) => void;

export interface Listener {
  /** Returns the unsubscriber. */
  listen(channel: string, onNotify: OnNotify): () => void;
  close(): Promise<void>;
}

/** Pauses between two attempts to connect, in milliseconds: doubled each time. */
const pause = { least: 100, most: 5_000 };

/** What a connection runs that listens: so that others know that somebody does. */
export const presence = ({ listening }: Locks): string => `select pg_advisory_lock_shared(${listening}, 0)`;

export function createListener(open: (events: LinkEvents) => Promise<Link>, locks: Locks): Listener {
  const channels = new Map<string, Set<OnNotify>>();
  let link: Link | undefined;
  let isOpening = false;
  let isClosed = false;
  let failures = 0;

  const tell = (channel: string, payload: string | undefined): void => {
    for (const onNotify of channels.get(channel) ?? []) onNotify(payload);
  };

  const subscribe = async (to: Link, channel: string): Promise<void> => {
    try {
      await to.run(`listen ${quoted(channel)}; ${presence(locks)}`);
      failures = 0;
      tell(channel, undefined);
    } catch {
      to.destroy(); // and is made anew
    }
  };

  const connect = async (): Promise<void> => {
    if (isOpening || isClosed || link !== undefined || channels.size === 0) return;
    isOpening = true;
    try {
      let made: Link | undefined;
      const onClose = (): void => {
        if (made === undefined || link !== made) return;
        link = undefined;
        again();
      };
      made = await open({ onClose, onNotify: tell });
      made.hold(false);
      link = made.isOpen ? made : undefined;
    } catch {
      // The server is away. Who watches looks once in a while anyway.
    }
    isOpening = false;
    if (link === undefined) return again();
    if (isClosed || channels.size === 0) return leave();
    for (const channel of channels.keys()) void subscribe(link, channel);
  };

  const again = (): void => {
    const ms = Math.min(pause.most, pause.least * 2 ** failures) * (0.5 + Math.random() / 2);
    failures = Math.min(failures + 1, 10);
    setTimeout(connect, ms).unref();
  };

  const leave = (): void => {
    const left = link;
    link = undefined;
    void left?.close().catch(left.destroy);
  };

  return {
    listen: (channel, onNotify) => {
      const listeners = channels.get(channel) ?? new Set();
      const isNew = listeners.size === 0;
      channels.set(channel, listeners.add(onNotify));
      if (link === undefined) void connect();
      else if (isNew) void subscribe(link, channel);
      return () => {
        listeners.delete(onNotify);
        if (listeners.size > 0 || channels.get(channel) !== listeners) return;
        channels.delete(channel);
        if (channels.size === 0) leave();
        else void link?.run(`unlisten ${quoted(channel)}`).catch(link.destroy);
      };
    },
    close: async () => {
      isClosed = true;
      channels.clear();
      const left = link;
      link = undefined;
      await left?.close().catch(left.destroy);
    },
  };
}

const quoted = (channel: string): string => `"${channel.replaceAll('"', '""')}"`;
