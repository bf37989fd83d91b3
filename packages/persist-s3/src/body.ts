/** The bytes of an object, read as they are wanted. A connection that breaks is made anew behind what was read; one whose bytes nobody wants for a while is let go. */
import type { Readable } from "node:stream";
import type { Patience } from "./bucket.ts";
import { Cut, cutShort } from "./errors.ts";

/** How long bytes may wait for whoever reads them before the connection is of more use to others, in milliseconds. */
const unreadFor = 10_000;

/** A body, and what is to be called when its connection is of use to others. */
export interface Opened {
  readonly body: Readable;
  release(): void;
}

export interface BodySource {
  /** Where the bytes begin and end in the object. */
  readonly start: number;
  readonly end: number;
  /** The rest of the same object. Throws where that is not there any more. */
  reopen(offset: number): Promise<Opened>;
  /** Waits until it is time to go on after such an error; throws where it is not to be. */
  rest(error: unknown, failures: number): Promise<void>;
  /** How long the server may be silent, in milliseconds. */
  readonly within: number;
  /** See {@link unreadFor}. */
  readonly unreadFor?: number | undefined;
}

type Bytes = Uint8Array<ArrayBuffer>;

export function createBody(first: Opened, source: BodySource, o: Patience): AsyncIterable<Bytes> {
  const { start, end, within } = source;
  let position = start;
  let stream: OpenStream | undefined = openStream(first, { ...o, within, unreadFor: source.unreadFor ?? unreadFor });
  let isOver = false;

  const letGo = (): void => {
    stream?.close();
    stream = undefined;
  };
  const finish = (): void => {
    isOver = true;
    letGo();
  };

  async function next(): Promise<IteratorResult<Bytes, undefined>> {
    for (let failures = 0; !isOver && position < end; ) {
      try {
        if (stream === undefined || stream.isLetGo()) {
          const again = await source.reopen(position);
          stream = openStream(again, { ...o, within, unreadFor: source.unreadFor ?? unreadFor });
          if (isOver) break;
        }
        const chunk = stream.take() ?? (await stream.pull());
        if (isOver) break;
        if (chunk === undefined || chunk.length > end - position) throw cutShort();
        position += chunk.length;
        return { done: false, value: chunk };
      } catch (error) {
        letGo();
        failures += 1;
        try {
          await source.rest(error, failures);
        } catch (final) {
          finish();
          throw final;
        }
      }
    }
    if (!isOver) await stream?.end();
    finish();
    return { done: true, value: undefined };
  }

  const iterator: AsyncIterableIterator<Bytes, undefined> = {
    next,
    return: async () => {
      // Where all has been read, the connection is as good as new; it is only the end that nobody has waited for.
      if (position === end && !isOver) await stream?.end();
      finish();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

interface OpenStream {
  /** What is there. */
  take(): Bytes | undefined;
  /** What comes next; `undefined` at the end. */
  pull(): Promise<Bytes | undefined>;
  /** Waits for the end, which lets the connection be used by others. */
  end(): Promise<void>;
  isLetGo(): boolean;
  close(): void;
}

interface Limits extends Patience {
  readonly within: number;
  readonly unreadFor: number;
}

/** One timer and one set of listeners for all chunks, as there may be a great many. */
function openStream({ body: stream, release }: Opened, { deadline, signal, within, unreadFor }: Limits): OpenStream {
  let waiting: { resolve(chunk: Bytes | undefined): void; reject(error: unknown): void } | undefined;
  /** By `performance.now()`: when the present wait began, be it for bytes or for whoever wants them. */
  let since = performance.now();
  let isEnded = false;
  let isLetGo = false;

  const take = (): Bytes | undefined => {
    const chunk = stream.destroyed ? null : (stream.read() as Buffer<ArrayBuffer> | null);
    if (chunk === null) return undefined;
    since = performance.now();
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
  };
  const settle = (how: (one: NonNullable<typeof waiting>) => void): void => {
    const one = waiting;
    waiting = undefined;
    if (one !== undefined) how(one);
  };
  const cut = (why: Cut["why"]): void => settle(({ reject }) => reject(new Cut(why)));
  const due = (): number => (waiting === undefined ? since + unreadFor : Math.min(deadline, since + within));

  let armedFor = due();
  const onTimer = (): void => {
    if (performance.now() < due()) {
      arm();
    } else if (waiting !== undefined) {
      cut(performance.now() >= deadline ? "deadline" : "silence");
    } else {
      isLetGo = true;
      close();
    }
  };
  let timer: ReturnType<typeof setTimeout>;
  function arm(): void {
    clearTimeout(timer);
    armedFor = due();
    timer = setTimeout(onTimer, Math.max(1, armedFor - performance.now()));
    timer.unref();
  }
  arm();

  const onAbort = (): void => cut("aborted");
  signal?.addEventListener("abort", onAbort, { once: true });

  stream.on("readable", () => {
    if (waiting === undefined) return;
    const chunk = take();
    if (chunk !== undefined) settle(({ resolve }) => resolve(chunk));
  });
  const done = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    release();
  };
  stream.on("end", () => {
    isEnded = true;
    done();
    settle(({ resolve }) => resolve(undefined));
  });
  // An error that comes while nobody reads is found when somebody does.
  stream.on("error", (error) => settle(({ reject }) => reject(error)));
  stream.on("close", () => settle(({ reject }) => reject(cutShort())));

  const pull = (): Promise<Bytes | undefined> =>
    new Promise((resolve, reject) => {
      if (isEnded) return resolve(undefined);
      if (signal?.aborted === true) return reject(new Cut("aborted"));
      if (stream.destroyed) return reject(stream.errored ?? cutShort());
      waiting = { resolve, reject };
      since = performance.now();
      if (due() < armedFor) arm();
    });

  function close(): void {
    done();
    stream.destroy();
  }

  return {
    take,
    pull,
    async end() {
      if (take() === undefined && !isEnded) await pull().catch(() => undefined);
    },
    isLetGo: () => isLetGo,
    close,
  };
}

/** All of it at once, for what is small. */
export function collect(stream: Readable, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let isEnded = false;
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      isEnded = true;
      const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      if (all.length === length) resolve(all);
      else reject(cutShort());
    });
    stream.on("close", () => {
      if (!isEnded) reject(cutShort());
    });
  });
}
