/**
 * Frames over a libp2p stream, by what works of it: `send` and the events `drain`, `message` and `close`. Not `onDrain`, which resolves at once after its first use; not `for
 * await`, which buffers without limit; not `pause`, which kills the stream at 4 MiB.
 */
import type { Stream } from "@libp2p/interface";
import { createFrameReader, encodeFrame, type FrameKind } from "./framing.ts";

export interface FramedStream {
  /** `false`: it is queued, and there is no room for more. After the end it does nothing. */
  send(kind: FrameKind, payload: Uint8Array): boolean;
  /** See {@link FrameReader.trust}. */
  trust(): void;
  /** Bytes that wait to be sent. */
  queued(): number;
  /** Sends what is queued, for a while, and ends it. */
  close(): Promise<void>;
  abort(why: Error): void;
}

export interface FrameEvents {
  /** Something has come, if not a whole frame. */
  onBytes(): void;
  onFrame(kind: FrameKind, payload: Uint8Array): void;
  onDrain(): void;
  /** Once; also after our own `close` and `abort`. */
  onEnd(why: Error | undefined): void;
}

/** Milliseconds. */
const flushTime = 2_000;

export function createFramedStream(stream: Stream, untrustedBytes: number, events: FrameEvents): FramedStream {
  let isOpen = true;
  const reader = createFrameReader(untrustedBytes, (kind, payload) => {
    if (isOpen) events.onFrame(kind, payload);
  });

  function end(why: Error | undefined): void {
    if (!isOpen) return;
    isOpen = false;
    events.onEnd(why);
  }

  function abort(why: Error): void {
    stream.abort(why);
    end(why);
  }

  stream.addEventListener("message", ({ data }) => {
    if (!isOpen) return;
    events.onBytes();
    try {
      reader.push(data.subarray());
    } catch (error) {
      abort(error as Error);
    }
  });
  // libp2p tells it before it has sent on what waits: only afterwards it is known whether there is room.
  stream.addEventListener("drain", () => {
    setImmediate(() => {
      if (isOpen && !stream.writableNeedsDrain) events.onDrain();
    });
  });
  stream.addEventListener("remoteCloseWrite", () => {
    end(undefined);
    stream.close().catch((error: Error) => stream.abort(error));
  });
  stream.addEventListener("close", ({ error }) => end(error));
  if (stream.status !== "open") end(undefined);

  return {
    send(kind, payload) {
      if (!isOpen || stream.writeStatus !== "writable") return false;
      try {
        return stream.send(encodeFrame(kind, payload)) && !stream.writableNeedsDrain;
      } catch (error) {
        abort(error as Error);
        return false;
      }
    },
    trust: () => reader.trust(),
    queued: () => stream.writeBufferLength,
    async close() {
      end(undefined);
      try {
        await stream.close({ signal: AbortSignal.timeout(flushTime) });
      } catch (error) {
        stream.abort(error as Error);
      }
    },
    abort,
  };
}
