/**
 * Frames on a stream of bytes: four bytes that say what and how long, then so many bytes. The first byte is 0 for data, which makes the four a big-endian length, and 128 for what
 * the network itself has to say.
 */
import { maxFrameBytes } from "../sync/link.ts";

export type FrameKind = "data" | "control";

/** Bytes of a frame's head. */
export const headBytes = 4;
const controlMark = 0x80;

export function encodeFrame(kind: FrameKind, payload: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(headBytes + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  if (kind === "control") frame[0] = controlMark;
  frame.set(payload, headBytes);
  return frame;
}

export interface FrameReader {
  /** Calls back with each frame that is whole now. @throws {FrameError} before anything too long is kept. */
  push(chunk: Uint8Array): void;
  /** From now on frames may have {@link maxFrameBytes}, and as many may come as like. */
  trust(): void;
}

/** What comes is no sequence of frames, or more than is taken from a peer that has proved nothing. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Until `trust`, takes `untrustedBytes` in all. */
export function createFrameReader(
  untrustedBytes: number,
  onFrame: (kind: FrameKind, payload: Uint8Array) => void,
): FrameReader {
  let chunks: Uint8Array[] = [];
  let length = 0;
  let left = untrustedBytes;

  function take(bytes: number): Uint8Array {
    const whole = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, length);
    const rest = whole.subarray(bytes);
    chunks = rest.length === 0 ? [] : [rest];
    length = rest.length;
    return whole.subarray(0, bytes);
  }

  /** The head stays where it is, since most frames come in one piece. */
  function head(): { readonly kind: FrameKind; readonly size: number } {
    if ((chunks[0] as Uint8Array).length < headBytes) chunks = [Buffer.concat(chunks, length)];
    const [mark = 0, high = 0, middle = 0, low = 0] = chunks[0] as Uint8Array;
    if (mark !== 0 && mark !== controlMark) throw new FrameError("what came is no frame");
    return { kind: mark === 0 ? "data" : "control", size: (high << 16) | (middle << 8) | low };
  }

  return {
    push(chunk) {
      if (chunk.length === 0) return;
      chunks.push(chunk);
      length += chunk.length;
      while (length >= headBytes) {
        const { kind, size } = head();
        if (size > Math.min(maxFrameBytes, left - headBytes)) {
          throw new FrameError(`a frame of ${size} bytes is longer than is taken here`);
        }
        if (length < headBytes + size) break;
        left -= headBytes + size;
        onFrame(kind, take(headBytes + size).subarray(headBytes));
      }
    },
    trust() {
      left = Number.POSITIVE_INFINITY;
    },
  };
}
