/** Sending bytes in parts, several at once, with bounded memory. */
import type { Bucket, Patience, UploadedPart } from "./bucket.ts";

/** How many parts an upload has at most. */
export const mostParts = 10_000;
/** Parts in flight. So many and one more are in memory. */
export const partsAtOnce = 4;

export interface PartSender {
  /** Room for a part: to be filled, and given to `send`. Waits until there is some. */
  room(): Promise<Buffer<ArrayBuffer>>;
  /** Sends what the room was filled with. */
  send(part: Buffer<ArrayBuffer>): void;
  /** All parts, once they have arrived. Throws what any of them has failed with. */
  end(): Promise<UploadedPart[]>;
  /** Gives up what is on its way, and waits until nothing is any more. */
  stop(): Promise<void>;
}

export function createPartSender(
  bucket: Bucket,
  target: { readonly place: string; readonly uploadId: string },
  partSize: number,
  o: Patience,
): PartSender {
  const free: Buffer<ArrayBuffer>[] = [];
  const under = new Set<Promise<void>>();
  const parts: UploadedPart[] = [];
  let made = 0;
  let number = 0;
  let failure: { readonly error: unknown } | undefined;
  const stopping = new AbortController();
  const signal = o.signal === undefined ? stopping.signal : AbortSignal.any([o.signal, stopping.signal]);

  const ensureSound = () => {
    if (failure !== undefined) throw failure.error;
  };

  return {
    async room() {
      for (;;) {
        ensureSound();
        const one = free.pop();
        if (one !== undefined) return one;
        if (made <= partsAtOnce) {
          made++;
          return Buffer.allocUnsafeSlow(partSize);
        }
        await Promise.race(under);
      }
    },
    send(part) {
      const mine = ++number;
      const sending = bucket.uploadPart(target.place, target.uploadId, mine, part, { ...o, signal }).then(
        (uploaded) => {
          parts[mine - 1] = uploaded;
          if (part.length === partSize) free.push(part);
        },
        (error: unknown) => {
          failure ??= { error };
        },
      );
      const tracked = sending.finally(() => under.delete(tracked));
      under.add(tracked);
    },
    async end() {
      await Promise.all(under);
      ensureSound();
      return parts;
    },
    async stop() {
      stopping.abort();
      await Promise.all(under);
    },
  };
}
