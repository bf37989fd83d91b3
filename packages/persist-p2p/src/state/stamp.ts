/**
 * Stamps: which of two writes is the later one, on every peer alike.
 *
 * 24 bytes, compared as bytes: 6 of milliseconds and 2 of counter, both big-endian, which are a hybrid logical clock, and 16 of the writer, so that no two commits
 * share one.
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";

export type Stamp = Uint8Array;

export const stampBytes = 24;
export const writerBytes = 16;
/** Milliseconds. Stamps from further ahead of this machine's clock are refused: they would win against everything that is written here in the meantime. */
export const maxAhead: number = 5 * 60_000;

const maxCounter = 0xffff;

export interface Clock {
  /** A new stamp, greater than each that was ticked or observed before. */
  tick(): Stamp;
  /** From here on {@link tick} gives greater ones, whatever the machine's clock says. */
  observe(stamp: Stamp): void;
  /** By how many milliseconds the stamp is ahead of the machine's clock; zero or less where it is not. */
  aheadBy(stamp: Stamp): number;
  /** The milliseconds that a tick would have: the machine's clock, or further where a stamp was observed that is ahead of it. */
  now(): number;
}

/**
 * @param o.writer 16 bytes, drawn anew by each process that opens the file.
 * @param o.now The machine's clock in milliseconds since the epoch.
 * @param o.after The first stamp is later than every one of this millisecond.
 */
export function createClock({
  writer,
  now = Date.now,
  after = 0,
}: {
  readonly writer: Uint8Array;
  readonly now?: (() => number) | undefined;
  readonly after?: number | undefined;
}): Clock {
  let time = after;
  let counter = maxCounter;

  const machine = () => Math.max(0, Math.floor(now()));
  return {
    tick() {
      const present = machine();
      if (present > time) {
        time = present;
        counter = 0;
      } else if (counter < maxCounter) {
        counter++;
      } else {
        time++;
        counter = 0;
      }
      const stamp = new Uint8Array(stampBytes);
      writeClock(stamp, time, counter);
      stamp.set(writer, 8);
      return stamp;
    },
    observe(stamp) {
      const seen = stampTime(stamp);
      if (seen < time) return;
      const seenCounter = counterOf(stamp);
      counter = seen > time ? seenCounter : Math.max(counter, seenCounter);
      time = seen;
    },
    aheadBy: (stamp) => stampTime(stamp) - machine(),
    now: () => Math.max(machine(), time),
  };
}

/** Negative, zero or positive. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return Buffer.compare(a, b);
}

/** Milliseconds since the epoch, by the hybrid clock of the writer. */
export function stampTime(stamp: Stamp): number {
  let time = 0;
  for (let i = 0; i < 6; i++) time = time * 256 + (stamp[i] as number);
  return time;
}

function counterOf(stamp: Stamp): number {
  return (stamp[6] as number) * 256 + (stamp[7] as number);
}

function writeClock(stamp: Stamp, time: number, counter: number): void {
  let rest = time;
  for (let i = 5; i >= 0; i--) {
    stamp[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  stamp[6] = counter >> 8;
  stamp[7] = counter & 0xff;
}

/** The stamp of what begins where what this one stands for has ended by itself: greater, and the same on every peer. */
export function successorOf(stamp: Stamp): Stamp {
  const next = Uint8Array.from(stamp);
  const counter = counterOf(stamp);
  if (counter < maxCounter) writeClock(next, stampTime(stamp), counter + 1);
  else writeClock(next, stampTime(stamp) + 1, 0);
  next.set(hash("sha256", stamp, "buffer").subarray(0, writerBytes), stampBytes - writerBytes);
  return next;
}
