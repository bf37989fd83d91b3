/** A TCP proxy that does to connections what networks do. */
import { once } from "node:events";
import { createServer } from "node:net";
import { findFreePort } from "./free-port.ts";
import { type ProxiedConnection, proxyConnection, type Weather } from "./proxied-connection.ts";

export interface Proxy {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** The URL of the server, with the proxy's port in it. */
  through(url: string): string;

  /** Resets all connections now. New ones are accepted as before. */
  cut(): void;
  /** Takes new connections to this port instead, as a name does that is given to another server. Those that stand go on. */
  lead(targetPort: number): void;
  /** Refuses new connections (`ECONNREFUSED`) until {@link accept}. Those that stand go on. */
  refuse(): void;
  accept(): Promise<void>;
  /**
   * Swallows, until {@link heal}, what either side sends, also that it ends. New connections are accepted and never
   * answered.
   */
  blackHole(): void;
  /** Ends {@link blackHole}. Connections that lost bytes are reset, because nothing after a hole makes sense. */
  heal(): void;
  /** Delivers everything, in both directions, this much later, until told otherwise: milliseconds, 0 for at once. */
  delay(ms: number): void;
  /**
   * Loses one reply: to the next bytes from a client for which `predicate` holds. The server gets them; what it sends
   * from then on is swallowed, and the connection is reset when it has sent something. `predicate` sees bytes as they
   * arrive, which need not be as they were written; what was sent before them must be answered already.
   *
   * @returns Resolves when the reply is lost, so it is to be awaited after the request, not before.
   */
  loseReplyAfter(predicate: (bytes: Buffer) => boolean): Promise<void>;

  /** What was delivered so far. */
  readonly bytes: { readonly toServer: number; readonly toClient: number };
  /** How many were accepted so far, and how many of them are open. */
  readonly connections: { readonly accepted: number; readonly open: number };

  /** Resets all connections and ends. Once is enough. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param firstPort - Of 127.0.0.1: where the server is. It need not be there yet, or still. */
export async function startProxy(firstPort: number): Promise<Proxy> {
  let targetPort = firstPort;
  const open = new Set<ProxiedConnection>();
  const weather: Weather = { isBlackHole: false, delay: 0, losses: [], bytes: { toServer: 0, toClient: 0 } };
  const port = await findFreePort();
  let accepted = 0;

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    const connection = proxyConnection(client, targetPort, weather, () => open.delete(connection));
    open.add(connection);
  });
  const accept = async () => {
    if (listener.listening) return;
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
  };
  const refuse = () => {
    if (listener.listening) listener.close();
  };
  const cut = () => {
    for (const connection of open) connection.reset();
  };
  const close = async () => {
    refuse();
    cut();
  };
  await accept();

  return {
    port,
    through(url) {
      const address = new URL(url);
      address.port = String(port);
      return address.href;
    },
    cut,
    lead(port) {
      targetPort = port;
    },
    refuse,
    accept,
    blackHole() {
      weather.isBlackHole = true;
    },
    heal() {
      weather.isBlackHole = false;
      for (const connection of open) if (connection.isBroken()) connection.reset();
    },
    delay(ms) {
      weather.delay = ms;
    },
    loseReplyAfter: (predicate) => new Promise((lost) => weather.losses.push({ predicate, lost })),
    bytes: weather.bytes,
    connections: {
      get accepted() {
        return accepted;
      },
      get open() {
        return open.size;
      },
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
