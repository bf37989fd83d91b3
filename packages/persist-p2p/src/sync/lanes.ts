/**
 * Frames of a link in three lanes: control, which is small and comes at once; what is pushed; and what was asked for. The latter two have windows, each their own, so that neither can block the other.
 * A frame is one byte, which tells the lane and whether the message goes on, and a piece of the message.
 */

import { messageBytes, pieceBytes, windowBytes } from "./limits.ts";
import { type Link, maxFrameBytes } from "./link.ts";
import { fromBytes, toBytes } from "./message-bytes.ts";
import { type Message, Violation } from "./messages.ts";

export type Lane = "push" | "reply";

export interface Incoming {
  readonly message: Message;
  readonly lane: Lane | undefined;
  /** To be given to {@link Lanes.taken} once the message is done with. */
  readonly bytes: number;
}

export interface Lanes {
  /** At once, whatever the windows say. */
  control(message: Message): void;
  /** Whether a message may be given to this lane: the last one has gone. */
  isFree(lane: Lane): boolean;
  put(lane: Lane, message: Message): void;
  /** Sends the next piece where the windows and the link allow it. */
  flush(): boolean;
  /** The message that this frame completes. Throws {@link Violation}. */
  receive(frame: Uint8Array): Incoming | undefined;
  /** So many bytes that came are done with: the peer may send as many more. */
  taken(lane: Lane | undefined, bytes: number): void;
  /** Bytes taken since the link began. */
  takenOf(lane: Lane): number;
  /** Whether the peer has to be told what was taken: much of the window is used up. */
  owesAck(): boolean;
  told(): void;
  /** The peer has taken so much since the link began. Throws {@link Violation}. */
  confirmed(lane: Lane, bytes: number): void;
}

interface Sending {
  rest: Uint8Array | undefined;
  sent: number;
  confirmed: number;
}

interface Receiving {
  pieces: Uint8Array[];
  length: number;
  received: number;
  taken: number;
  told: number;
}

const names: readonly (Lane | undefined)[] = [undefined, "push", "push", "reply", "reply"];
const firstBytes: Readonly<Record<Lane, number>> = { push: 1, reply: 3 };

export function createLanes(link: Pick<Link, "send">, isWritable: () => boolean, onFull: () => void): Lanes {
  const out: Record<Lane, Sending> = { push: sending(), reply: sending() };
  const into: Record<Lane, Receiving> = { push: receiving(), reply: receiving() };

  function send(frame: Uint8Array): void {
    if (!link.send(frame)) onFull();
  }

  function flushLane(lane: Lane): boolean {
    const one = out[lane];
    if (one.rest === undefined) return false;
    const piece = one.rest.subarray(0, pieceBytes);
    if (one.sent - one.confirmed + piece.length + 1 > windowBytes[lane]) return false;
    one.rest = piece.length === one.rest.length ? undefined : one.rest.subarray(piece.length);
    one.sent += piece.length + 1;
    send(framed(firstBytes[lane] + (one.rest === undefined ? 0 : 1), piece));
    return true;
  }

  return {
    control: (message) => send(framed(0, toBytes(message))),
    isFree: (lane) => out[lane].rest === undefined,
    put(lane, message) {
      out[lane].rest = toBytes(message);
    },
    // What was asked for goes first: somebody waits for it.
    flush: () => isWritable() && (flushLane("reply") || flushLane("push")),

    receive(frame) {
      if (frame.length < 2 || frame.length > maxFrameBytes) throw new Violation("a frame of a wrong length");
      const first = frame[0] as number;
      const piece = frame.subarray(1);
      if (first >= names.length) throw new Violation("an unknown lane");
      const lane = names[first];
      if (lane === undefined) return checked({ message: fromBytes(piece), lane, bytes: frame.length });
      const one = into[lane];
      one.received += frame.length;
      if (one.received - one.taken > windowBytes[lane]) throw new Violation("more than there was room for");
      if (one.length + piece.length > messageBytes) throw new Violation("a message that is too long");
      if (first !== firstBytes[lane]) {
        one.pieces.push(Uint8Array.from(piece));
        one.length += piece.length;
        one.taken += frame.length;
        return undefined;
      }
      const whole = one.pieces.length === 0 ? piece : Buffer.concat([...one.pieces, piece]);
      one.pieces = [];
      one.length = 0;
      return checked({ message: fromBytes(whole), lane, bytes: frame.length });
    },

    taken(lane, bytes) {
      if (lane !== undefined) into[lane].taken += bytes;
    },
    takenOf: (lane) => into[lane].taken,
    owesAck: () =>
      (["push", "reply"] as const).some((lane) => into[lane].taken - into[lane].told > windowBytes[lane] / 4),
    told() {
      for (const one of Object.values(into)) one.told = one.taken;
    },

    confirmed(lane, bytes) {
      const one = out[lane];
      if (bytes < one.confirmed || bytes > one.sent) throw new Violation("took what was not sent");
      one.confirmed = bytes;
    },
  };
}

const sending = (): Sending => ({ rest: undefined, sent: 0, confirmed: 0 });
const receiving = (): Receiving => ({ pieces: [], length: 0, received: 0, taken: 0, told: 0 });

function framed(first: number, piece: Uint8Array): Uint8Array {
  const frame = new Uint8Array(piece.length + 1);
  frame[0] = first;
  frame.set(piece, 1);
  return frame;
}

const laneOf: Readonly<Record<Message["kind"], Lane | undefined>> = {
  hello: undefined,
  read: undefined,
  ack: undefined,
  clock: undefined,
  ask: undefined,
  want: undefined,
  pull: undefined,
  "want-chunks": undefined,
  page: "push",
  given: "reply",
  offer: "reply",
  rows: "reply",
  events: "reply",
  chunk: "reply",
  compare: "reply",
  answer: "reply",
};

function checked(incoming: Incoming): Incoming {
  if (laneOf[incoming.message.kind] !== incoming.lane) throw new Violation("a message in a wrong lane");
  return incoming;
}
