/** Streams to peers, which become links once both sides have proved their membership. One for each peer. */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import type { Link } from "../sync/link.ts";
import { createFramedStream, type FramedStream } from "./framed-stream.ts";
import { FrameError } from "./framing.ts";
import { streamOptions } from "./libp2p-quirks.ts";
import { createHandshake, type HandshakeTerms, Refusal, type Role, untrustedBytes } from "./membership/handshake.ts";
import { createStreamLink, type StreamLink } from "./stream-link.ts";

export const syncProtocol = "/cuitty-persist/sync/1.0.0";

export interface LinksOptions {
  readonly node: Libp2p;
  terms(peer: string): Pick<HandshakeTerms, "purpose" | "key" | "attach" | "accept">;
  /** Why no link to this peer at this address is wanted now. */
  objection(peer: string, address: string): string | undefined;
  onLink(link: Link): void;
  onEnd(peer: string, address: string): void;
  onControl(peer: string, payload: Uint8Array): void;
  /** It broke the rules, or could not prove its membership. */
  onOffence(peer: string, address: string, why: string): void;
}

export interface Links {
  /** Makes a link over this connection. Resolves where there is one afterwards. Rejects with the reason. */
  open(connection: Connection): Promise<void>;
  /** Peers, each with its address. */
  all(): ReadonlyMap<string, string>;
  has(peer: string): boolean;
  /** Says it to one peer, or to all. */
  tell(payload: Uint8Array, peer?: string): void;
  end(peer: string, why: string, o?: { readonly ban?: boolean }): void;
  endAll(why: string): void;
}

interface Held {
  readonly stream: StreamLink;
  readonly role: Role;
  readonly address: string;
  readonly limited: boolean;
}

/** Milliseconds for the whole handshake. */
const patience = 4_000;
/** A link that was silent for so long may be one that the peer has given up already. */
const doubtful = 3_000;

export function createLinks(o: LinksOptions): Links {
  const self = o.node.peerId.toString();
  const held = new Map<string, Held>();

  void o.node.handle(
    syncProtocol,
    (stream, connection) => {
      void prove(stream, connection, "second").catch(() => undefined);
    },
    streamOptions,
  );

  /** Resolves once there is a link, rejects where there will be none. */
  function prove(stream: Stream, connection: Connection, role: Role): Promise<void> {
    const peer = connection.remotePeer.toString();
    const address = connection.remoteAddr.toString();
    const objection = o.objection(peer, address);
    if (objection !== undefined) {
      stream.abort(new Error(objection));
      return Promise.reject(new Error(objection));
    }
    return new Promise((resolve, reject) => {
      const handshake = createHandshake({ role, self, peer, ...o.terms(peer) });
      let link: StreamLink | undefined;
      const framed = createFramedStream(stream, untrustedBytes, {
        onBytes: () => link?.stirred(),
        onFrame(kind, payload) {
          if (link === undefined) step(payload);
          else link.receive(kind, payload);
        },
        onDrain: () => link?.drained(),
        onEnd(why) {
          clearTimeout(deadline);
          link?.ended(why);
          if (why instanceof FrameError) o.onOffence(peer, address, why.message);
          reject(why ?? new Error("the peer has closed the stream"));
        },
      });
      const deadline = setTimeout(() => {
        framed.abort(new Error("the peer has not proved its membership in time"));
        void connection.close().catch(() => undefined);
      }, patience);
      deadline.unref();

      function step(message: Uint8Array): void {
        try {
          const { send, done } = handshake.receive(message);
          if (send !== undefined) framed.send("data", send);
          if (!done) return;
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          framed.abort(error);
          connection.abort(error);
          o.onOffence(peer, address, error.message);
          return;
        }
        clearTimeout(deadline);
        framed.trust();
        link = admit(framed, connection, role);
        resolve();
      }

      const first = handshake.start();
      if (first !== undefined) framed.send("data", first);
    });
  }

  function admit(framed: FramedStream, connection: Connection, role: Role): StreamLink {
    const peer = connection.remotePeer.toString();
    const address = connection.remoteAddr.toString();
    const limited = connection.limits !== undefined;
    const stream = createStreamLink(framed, {
      peer,
      address,
      limited,
      onControl: (payload) => o.onControl(peer, payload),
      onClose(why, ban) {
        if (ban) o.onOffence(peer, address, why);
        void connection.close().catch(() => connection.abort(new Error(why)));
      },
    });
    const now: Held = { stream, role, address, limited };
    const before = held.get(peer);
    if (before !== undefined && !isBetter(now, before, peer)) {
      queueMicrotask(() => stream.link.end("there is another link already"));
      return stream;
    }
    held.set(peer, now);
    before?.stream.link.end("there is a better link");
    const released: StreamLink = {
      ...stream,
      ended(why) {
        stream.ended(why);
        release(peer, now);
      },
    };
    // After the end of the one before is told, and after our proof is sent: the listener may send at once.
    queueMicrotask(() => o.onLink(stream.link));
    return released;
  }

  function release(peer: string, which: Held): void {
    if (held.get(peer) !== which) return;
    held.delete(peer);
    o.onEnd(peer, which.address);
  }

  /** Both sides decide alike, in whatever order the two were made: that of the peer with the smaller id stays. */
  function isBetter(now: Held, before: Held, peer: string): boolean {
    if (now.limited !== before.limited) return before.limited;
    // Whoever opens another one has lost the one it had.
    if (now.role === before.role) return true;
    const isOpenedBySmaller = (now.role === "first") === self < peer;
    return isOpenedBySmaller || before.stream.silence() > doubtful;
  }

  return {
    async open(connection) {
      if (held.has(connection.remotePeer.toString())) return;
      const stream = await connection.newStream(syncProtocol, {
        ...streamOptions,
        signal: AbortSignal.timeout(patience),
      });
      await prove(stream, connection, "first");
    },
    all: () => new Map([...held].map(([peer, { address }]) => [peer, address])),
    has: (peer) => held.has(peer),
    tell(payload, peer) {
      for (const [id, { stream }] of held) if (peer === undefined || peer === id) stream.tell(payload);
    },
    end: (peer, why, options) => held.get(peer)?.stream.link.end(why, options),
    endAll(why) {
      for (const { stream } of held.values()) stream.link.end(why);
    },
  };
}
