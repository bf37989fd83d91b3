/**
 * The machine under all that follows something: it reads pages from its source, hands them out one by one, and waits at their end. It is driven by its reader alone: only while somebody waits for
 * what comes next is there a timer, and an ear for the engine's wake.
 */
import type { Watcher } from "../api/changes.ts";
import type { OpOptions } from "../api/operations.ts";
import { aborted, beginCall, type Call } from "../calls.ts";
import type { MaybePromise } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Feed } from "./feed.ts";
import { createPause } from "./pause.ts";

export interface WatchSource<T> {
  /** Settles where it begins. Called first, and again where it failed. */
  begin(call: Call): Promise<void>;
  /** The next items. `more`: there may be others at once. Called again where it failed. */
  read(call: Call): MaybePromise<{ readonly items: readonly T[]; readonly more: boolean }>;
}

export interface Watch<T> {
  /** Such as `kv.watch`. */
  readonly operation: string;
  readonly key?: string | undefined;
  readonly options: OpOptions | undefined;
  /** Whether it waits for more where it has caught up. */
  readonly live: boolean;
  readonly source: WatchSource<T>;
}

/** The longest wait for a wake: it is a hint, and may be lost. In milliseconds. */
const longestWait = 1000;
/** After a failure that may pass; doubled each time. */
const firstPause = 50;
const longestPause = 10_000;

export function createWatcher<T>(feed: Feed, { operation, key, options, live, source }: Watch<T>): Watcher<T> {
  const { signal, timeout } = options ?? {};
  const controller = new AbortController();
  const pause = createPause();
  let items: readonly T[] = [];
  let next = 0;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let woken = false;

  const newCall = () => beginCall(operation, key, { signal: controller.signal, timeout });

  const end = (error?: unknown) => {
    if (ended) return;
    ended = true;
    if (error !== undefined) failure = { error };
    items = [];
    next = 0;
    stopListening();
    signal?.removeEventListener("abort", onAbort);
    controller.abort();
    pause.end();
  };
  const onAbort = () => end(aborted({ ...beginCall(operation, key, undefined), signal }));
  const stopListening = feed.onClosing(() => end());
  signal?.addEventListener("abort", onAbort, { once: true });

  /** Does the work; again after a while where it fails for a reason that may pass. `undefined`: it ended before. */
  const insist = async <R>(work: (call: Call) => MaybePromise<R>): Promise<R | undefined> => {
    for (let wait = firstPause; !ended; wait = Math.min(2 * wait, longestPause)) {
      try {
        return await work(newCall());
      } catch (error) {
        if (!live || !PersistError.is(error) || !error.retryable) end(error);
        else await pause.take(wait);
      }
    }
    return undefined;
  };

  const begun = insist((call) => source.begin(call));

  /** Reads until there is something to hand out. */
  const fill = async (): Promise<void> => {
    await begun;
    if (ended) return;
    const stopWaking = feed.wake(() => {
      woken = true;
      pause.wake();
    });
    try {
      while (!ended) {
        woken = false;
        const page = await insist((call) => source.read(call));
        if (page === undefined || ended) return;
        items = page.items;
        next = 0;
        if (items.length > 0) return;
        if (page.more) continue;
        if (!live) end();
        else if (!woken) await pause.take(longestWait, { wakes: true });
      }
    } finally {
      stopWaking();
    }
  };

  const take = async (): Promise<IteratorResult<T>> => {
    if (next >= items.length && !ended) await fill();
    if (next < items.length) return { done: false, value: items[next++] as T };
    const failed = failure;
    failure = undefined; // told once
    if (failed !== undefined) throw failed.error;
    return { done: true, value: undefined };
  };

  let turn: Promise<unknown> = Promise.resolve();
  let queued = 0;
  const iterator: AsyncIterator<T> = {
    next() {
      if (queued === 0 && next < items.length) return Promise.resolve({ done: false, value: items[next++] as T });
      // Who does not wait for the call before is answered in turn.
      queued++;
      const mine = turn.then(take);
      const done = () => queued--;
      turn = mine.then(done, done);
      return mine;
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
  };

  const ready = begun.then(() => {
    if (failure !== undefined) throw failure.error;
  });
  ready.catch(() => undefined); // whoever does not wait for it is told by the iterator
  const close = async () => end();
  return { ready, close, [Symbol.asyncIterator]: () => iterator, [Symbol.asyncDispose]: close };
}
