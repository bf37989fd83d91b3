/** Links whose frames take their time, in order, and are lost when they are cut. */
import type { Link } from "../../src/sync/link.ts";
import { fromBytes } from "../../src/sync/message-bytes.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface Side {
  readonly link: Link;
  /** Frames that this side has sent, and their bytes. */
  readonly sent: { frames: number; bytes: number };
}

export interface Pair {
  readonly a: Side;
  readonly b: Side;
  /** Both sides hear of it, each when it likes. */
  cut(): void;
  isOver(): boolean;
  wasBanned(): boolean;
}

export interface PairOptions {
  readonly names: readonly [string, string];
  /** Milliseconds for each frame. */
  readonly latency: () => number;
  /** Bytes per millisecond; the rest queues. */
  readonly speed?: number;
  readonly limited?: boolean;
  readonly trace?: (line: string) => void;
  /** Sees each frame, and may put others in its place. */
  readonly intercept?: (from: "a" | "b", frame: Uint8Array) => readonly Uint8Array[];
}

const highWater = 1024 * 1024;

export function createPair(time: VirtualTime, o: PairOptions): Pair {
  let isOver = false;
  let isBanned = false;
  const ends: ((why: Error | undefined) => void)[] = [];

  function over(): void {
    if (isOver) return;
    isOver = true;
    for (const end of ends) time.at(time.now() + o.latency(), () => end(new Error("cut")));
  }

  function half(from: "a" | "b"): { side: Side; deliver: (frame: Uint8Array) => void; drain: () => void } {
    const sent = { frames: 0, bytes: 0 };
    let onFrame: ((frame: Uint8Array) => void) | undefined;
    let onDrain = (): void => undefined;
    let hasEnded = false;
    const early: Uint8Array[] = [];
    let free = 0;
    let queued = 0;
    let wasFull = false;
    const link: Link = {
      peer: from === "a" ? o.names[1] : o.names[0],
      address: `virtual/${from}`,
      limited: o.limited ?? false,
      send(frame) {
        if (isOver) return true;
        o.trace?.(`${o.names.join("–")} ${from} ${shown(frame)}`);
        sent.frames += 1;
        sent.bytes += frame.length;
        // Copied, as a network would: nobody sees later changes.
        for (const one of o.intercept?.(from, frame) ?? [frame]) {
          const copy = Uint8Array.from(one);
          queued += copy.length;
          free = Math.max(free, time.now()) + copy.length / (o.speed ?? 100_000);
          free = Math.max(free, time.now() + o.latency());
          time.at(free, () => {
            queued -= copy.length;
            if (wasFull && queued < highWater / 4) {
              wasFull = false;
              onDrain();
            }
            if (!isOver) (from === "a" ? halves.b : halves.a).deliver(copy);
          });
        }
        wasFull ||= queued > highWater;
        return !wasFull;
      },
      onDrain: (listener) => {
        onDrain = listener;
      },
      onFrame(listener) {
        onFrame = listener;
        for (const frame of early.splice(0)) listener(frame);
      },
      onEnd(listener) {
        ends.push((why) => {
          if (!hasEnded) listener(why);
          hasEnded = true;
        });
      },
      end(why, how) {
        o.trace?.(`${o.names.join("–")} ${from} ends: ${why} ${how?.ban === true ? "BAN" : ""}`);
        isBanned ||= how?.ban === true;
        hasEnded = true;
        over();
      },
    };
    return {
      side: { link, sent },
      deliver: (frame) => {
        if (onFrame === undefined) early.push(frame);
        else onFrame(frame);
      },
      drain: () => onDrain(),
    };
  }

  const halves = { a: half("a"), b: half("b") };
  return { a: halves.a.side, b: halves.b.side, cut: over, isOver: () => isOver, wasBanned: () => isBanned };
}

/** A frame as people read it. */
function shown(frame: Uint8Array): string {
  const head = `${frame.length} bytes`;
  try {
    const short = (_: string, value: unknown): unknown =>
      value instanceof Uint8Array ? Buffer.from(value).toString("hex").slice(0, 12) : value;
    return `${head} ${JSON.stringify(fromBytes(frame.subarray(1)), short).slice(0, 400)}`;
  } catch {
    return `${head} in lane ${frame[0]}`;
  }
}
