/**
 * Letting a newcomer in by a code. Both derive from it, slowly, where they meet, what protocol they speak there, and the key of the handshake; then the member hands over what
 * makes a member, inside the encrypted connection.
 *
 * The code has 80 bits, and no six digits: the handshake's proof could be tried against a list of codes by whoever answers in the member's place, and it is not the exchange (a
 * PAKE) that would make short codes safe. At 2^80 scrypts there is no such list.
 */
import { PersistError } from "@cuitty/persist-core";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import type { MeetingEvents } from "./discovery/discovery.ts";
import { createFramedStream } from "./framed-stream.ts";
import { streamOptions } from "./libp2p-quirks.ts";
import { newCode, readCode } from "./membership/codes.ts";
import { createHandshake, type HandshakeTerms, Refusal, type Role, untrustedBytes } from "./membership/handshake.ts";
import { stretch, subkey } from "./membership/keys.ts";
import type { Admission } from "./membership/membership.ts";

export interface PairingOptions {
  readonly node: Libp2p;
  /** Tells others at a meeting that this peer is there, until the returned function is called. */
  join(meeting: Uint8Array, events: MeetingEvents): () => void;
  /** Multiaddrs where the other one may be as well. */
  readonly places: readonly string[];
  /** Whether it can be nowhere else. */
  readonly isNowhereElse: boolean;
  admit(peer: string): Admission;
  /** Called with what was given to a newcomer, before it is sent. */
  admitted(admission: Admission): Promise<void>;
  /** What is brought by a code is to be this group's, where there is one already. */
  owner(): string | undefined;
}

export interface Pairing {
  invite(): Promise<string>;
  /** Whether a code waits to be used. */
  isInviting(): boolean;
  pair(code: string): Promise<Admission>;
  stop(): void;
}

/** Milliseconds. */
const codeLife = 600_000;
const patience = 4_000;
const searchTime = 30_000;
const mostFailures = 5;
const mostInvites = 8;

export function createPairing(o: PairingOptions): Pairing {
  const self = o.node.peerId.toString();
  /** How to withdraw each. */
  const invites = new Set<() => void>();

  async function meetingOf(
    code: string,
  ): Promise<{ readonly key: Buffer; readonly meeting: Buffer; readonly protocol: string }> {
    const base = await stretch(Buffer.from(code), "pairing");
    const hint = subkey(base, "protocol").toString("hex", 0, 6);
    return {
      key: subkey(base, "proof"),
      meeting: subkey(base, "meeting"),
      protocol: `/cuitty-persist/pair/1.0.0/${hint}`,
    };
  }

  async function invite(): Promise<string> {
    o.admit(self);
    if (invites.size >= mostInvites) {
      throw new PersistError(
        "RATE_LIMITED",
        `Could not invite: ${mostInvites} codes wait to be used. Each ends ten minutes after it was made.`,
        {
          adapter: "p2p",
        },
      );
    }
    const code = newCode();
    const { key, meeting, protocol } = await meetingOf(code.replaceAll("-", ""));
    let failures = 0;
    let isUsed = false;
    await o.node.handle(
      protocol,
      (stream, connection) => {
        const peer = connection.remotePeer.toString();
        let admission: Admission = {};
        const attach = (): Uint8Array => {
          if (isUsed) throw new Refusal("the code was used");
          isUsed = true;
          admission = o.admit(peer);
          return Buffer.from(JSON.stringify(admission));
        };
        const finish = async (): Promise<void> => {
          withdraw();
          await o.admitted(admission);
        };
        void exchange(stream, connection, "second", { key, attach, accept: () => undefined }, finish).catch(() => {
          failures++;
          if (failures >= mostFailures) withdraw();
        });
      },
      streamOptions,
    );
    const leave = o.join(meeting, { sighted: () => undefined });
    const timer = setTimeout(withdraw, codeLife);
    timer.unref();

    function withdraw(): void {
      if (!invites.delete(withdraw)) return;
      clearTimeout(timer);
      leave();
      void o.node.unhandle(protocol);
    }
    invites.add(withdraw);
    return code;
  }

  /** Resolves once all is said. Before the last word `finish` is awaited. */
  function exchange(
    stream: Stream,
    connection: Connection,
    role: Role,
    terms: Pick<HandshakeTerms, "key" | "attach" | "accept">,
    finish: () => Promise<void>,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const peer = connection.remotePeer.toString();
      const handshake = createHandshake({ role, self, peer, purpose: "pair", ...terms });
      const framed = createFramedStream(stream, untrustedBytes, {
        onBytes: () => undefined,
        onFrame(_kind, message) {
          step(message).catch((error: Error) => {
            framed.abort(error);
            reject(error);
          });
        },
        onDrain: () => undefined,
        onEnd: (why) => reject(why ?? new Error("the peer has closed the stream")),
      });
      const deadline = setTimeout(() => framed.abort(new Error("the peer has not answered in time")), patience);
      deadline.unref();

      async function step(message: Uint8Array): Promise<void> {
        const { send, done } = handshake.receive(message);
        if (done) await finish();
        if (send !== undefined) framed.send("data", send);
        if (!done) return;
        clearTimeout(deadline);
        resolve();
        if (role === "first") await framed.close();
      }

      const first = handshake.start();
      if (first !== undefined) framed.send("data", first);
    });
  }

  async function pair(typed: string): Promise<Admission> {
    const code = readCode(typed);
    if (code === undefined) {
      throw new PersistError(
        "INVALID_ARGUMENT",
        "Could not pair: that is no code. It has 16 letters and digits, such as 7K2M-Q9XD-4TBV-R8HZ.",
        {
          adapter: "p2p",
        },
      );
    }
    const { key, meeting, protocol } = await meetingOf(code);
    const tried = new Set<string>();
    const ignorant = new Set<string>();
    let refusal: Refusal | undefined;
    const over = new AbortController();

    async function ask(addresses: readonly string[]): Promise<Admission> {
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(2 * patience)]);
      const connection = await o.node.dial(
        addresses.map((address) => multiaddr(address)),
        { signal },
      );
      const stream = await connection.newStream(protocol, { ...streamOptions, signal });
      let admission: Admission = {};
      const accept = (attachment: Uint8Array): void => {
        admission = readAdmission(attachment, o.owner());
      };
      await exchange(
        stream,
        connection,
        "first",
        { key, attach: () => new Uint8Array(0), accept },
        async () => undefined,
      );
      return admission;
    }

    let leave = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Admission>((resolve, reject) => {
        const attempt = (name: string, addresses: readonly string[]): void => {
          if (tried.has(name) || over.signal.aborted) return;
          tried.add(name);
          ask(addresses).then(resolve, (error: unknown) => {
            if (error instanceof Refusal) refusal = error;
            if ((error as Error).name === "UnsupportedProtocolError") ignorant.add(name);
            if (o.isNowhereElse && ignorant.size === o.places.length) reject(unknown());
            // It may not listen yet, or not at all of its addresses.
            setTimeout(() => tried.delete(name), 1_000).unref();
          });
        };
        leave = o.join(meeting, {
          sighted: (peer, addresses) =>
            attempt(
              peer,
              addresses.map((address) => withPeer(address, peer)),
            ),
          isMissing: () => true,
        });
        const knock = (): void => {
          for (const place of o.places) attempt(place, [place]);
        };
        knock();
        const again = setInterval(knock, 2_000);
        again.unref();
        over.signal.addEventListener("abort", () => clearInterval(again));
        timer = setTimeout(() => reject(refusal === undefined ? nobody() : denied(refusal)), searchTime);
      });
    } finally {
      over.abort();
      clearTimeout(timer);
      leave();
    }
  }

  return {
    invite,
    isInviting: () => invites.size > 0,
    pair,
    stop() {
      for (const withdraw of [...invites]) withdraw();
    },
  };
}

export function withPeer(address: string, peer: string): string {
  return /\/p2p\/[A-Za-z0-9]+$/.test(address) ? address : `${address}/p2p/${peer}`;
}

function readAdmission(attachment: Uint8Array, ownOwner: string | undefined): Admission {
  let said: unknown;
  try {
    said = JSON.parse(Buffer.from(attachment).toString());
  } catch {
    throw new Refusal("what it hands over cannot be read");
  }
  const { secret, owner, statements } = (said ?? {}) as Record<string, unknown>;
  const isSecret = secret === undefined || (typeof secret === "string" && Buffer.from(secret, "base64").length >= 16);
  const isOwner = owner === undefined || (typeof owner === "string" && /^[A-Za-z0-9_-]{43}$/.test(owner));
  if (!isSecret || !isOwner || (secret === undefined && owner === undefined)) {
    throw new Refusal("what it hands over makes no member");
  }
  if (ownOwner !== undefined && owner !== ownOwner) throw new Refusal("it belongs to another owner's group");
  return {
    ...(secret === undefined ? {} : { secret: secret as string }),
    ...(owner === undefined ? {} : { owner: owner as string }),
    ...(Array.isArray(statements) ? { statements: statements.filter((text) => typeof text === "string") } : {}),
  };
}

function nobody(): PersistError {
  return new PersistError(
    "TIMEOUT",
    "Could not pair: nobody was found who has made this code. It has to be typed exactly, is good for ten minutes and once, and both stores have to be open where they can find each other.",
    { adapter: "p2p" },
  );
}

function unknown(): PersistError {
  return new PersistError(
    "DENIED",
    "Could not pair: all peers that this store knows were asked, and none of them has made this code. It has to be typed exactly, and is good for ten minutes and once.",
    { adapter: "p2p" },
  );
}

function denied(refusal: Refusal): PersistError {
  return new PersistError("DENIED", `Could not pair: somebody answered, but ${refusal.message}. Ask for a new code.`, {
    adapter: "p2p",
    cause: refusal,
  });
}
