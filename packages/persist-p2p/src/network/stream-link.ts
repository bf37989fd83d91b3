/** A link on a stream whose two ends have proved their membership. */
import { type Link, maxFrameBytes } from "../sync/link.ts";
import type { FramedStream } from "./framed-stream.ts";
import type { FrameKind } from "./framing.ts";

export interface StreamLink {
  readonly link: Link;
  /** What the stream tells. */
  stirred(): void;
  receive(kind: FrameKind, payload: Uint8Array): void;
  drained(): void;
  ended(why: Error | undefined): void;
  /** A frame between the networks, which the user of the link does not see. */
  tell(payload: Uint8Array): void;
  /** Milliseconds since anything came. */
  silence(): number;
}

export interface LinkFacts {
  readonly peer: string;
  readonly address: string;
  readonly limited: boolean;
  onControl(payload: Uint8Array): void;
  /** Called with the reason when this side ends it. */
  onClose(why: string, ban: boolean): void;
}

/** Milliseconds. A peer that is heard of no more is dead well within six seconds. */
const tick = 1_000;
const keepAlive = 2_000;
const longestSilence = 5_000;
/** How long a peer that is alive may take nothing of what waits. */
const longestStall = 60_000;
/** Bytes that come before there is a listener, and bytes that are sent although there is no room. */
const mostWaiting = 4 * maxFrameBytes;
const mostQueued = 8 * maxFrameBytes;

const nothing = new Uint8Array(0);

export function createStreamLink(stream: FramedStream, facts: LinkFacts): StreamLink {
  let frameListener: ((frame: Uint8Array) => void) | undefined;
  let drainListener: (() => void) | undefined;
  let endListener: ((why: Error | undefined) => void) | undefined;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let end: { readonly why: Error | undefined } | undefined;
  let isEndTold = false;
  let heard = Date.now();
  let sent = heard;
  let hasRoom = true;
  let stalled = 0;
  let ticked = heard;

  const timer = setInterval(watch, tick);
  timer.unref();

  function watch(): void {
    const now = Date.now();
    // Where this process slept, what came meanwhile has not been looked at yet.
    if (now - ticked > 2 * tick) heard = now;
    ticked = now;
    if (!hasRoom) stalled += tick;
    if (now - heard > longestSilence) fail(new Error("the peer is silent"));
    else if (stalled > longestStall) fail(new Error("the peer takes nothing any more"));
    else if (hasRoom && now - sent >= keepAlive) send("control", nothing);
  }

  function send(kind: FrameKind, payload: Uint8Array): boolean {
    sent = Date.now();
    hasRoom = stream.send(kind, payload);
    if (stream.queued() > mostQueued) fail(new Error("more was sent than there was room for"));
    return hasRoom;
  }

  function finish(why: Error | undefined): void {
    if (end !== undefined) return;
    end = { why };
    clearInterval(timer);
    waiting = [];
    tellEnd();
  }

  /** Never within a call of the listener's own. */
  function tellEnd(): void {
    queueMicrotask(() => {
      if (isEndTold || end === undefined || endListener === undefined) return;
      isEndTold = true;
      endListener(end.why);
    });
  }

  function fail(why: Error): void {
    stream.abort(why);
    finish(why);
    facts.onClose(why.message, false);
  }

  function deliver(frame: Uint8Array): void {
    if (frameListener === undefined) {
      waiting.push(frame);
      waitingBytes += frame.length;
      if (waitingBytes > mostWaiting) fail(new Error("nobody listens to what the peer sends"));
      return;
    }
    frameListener(frame);
  }

  return {
    link: {
      peer: facts.peer,
      address: facts.address,
      limited: facts.limited,
      send(frame) {
        if (end !== undefined) return false;
        if (frame.length > maxFrameBytes) throw new RangeError(`A frame has at most ${maxFrameBytes} bytes.`);
        return send("data", frame);
      },
      onDrain(listener) {
        drainListener = listener;
      },
      onFrame(listener) {
        frameListener = listener;
        const early = waiting;
        waiting = [];
        for (const frame of early) if (end === undefined) listener(frame);
      },
      onEnd(listener) {
        endListener = listener;
        if (end !== undefined) tellEnd();
      },
      end(why, { ban = false } = {}) {
        if (end !== undefined) return;
        finish(undefined);
        void stream.close().finally(() => facts.onClose(why, ban));
      },
    },
    stirred() {
      heard = Date.now();
    },
    receive(kind, payload) {
      if (end !== undefined) return;
      if (kind === "data") deliver(payload);
      else if (payload.length > 0) facts.onControl(payload);
    },
    drained() {
      hasRoom = true;
      stalled = 0;
      if (end === undefined) drainListener?.();
    },
    ended: finish,
    tell: (payload) => void (end === undefined && send("control", payload)),
    silence: () => Date.now() - heard,
  };
}
