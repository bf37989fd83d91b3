/** The gate to the engine: closed, aborted and late calls end here, reads are gathered, writes go down in groups, and errors get their context. */
import { aborted, type Call, guard } from "./calls.ts";
import { createCommitQueue } from "./commit-queue.ts";
import type { BlobTarget, Engine, EngineOptions, MaybePromise, Staged } from "./contract.ts";
import { explain } from "./explain.ts";
import { createFeed } from "./feed/feed.ts";
import type { LiveGate } from "./gate.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { createReadBatch } from "./read-batch.ts";
import { type StallWatch, watchStalls } from "./stalls.ts";
import { createTurns } from "./turns.ts";
import type { VersionSource } from "./versions.ts";

const readOutcome = () => ({ outcome: "not-applied" }) as const;

export function createLiveGate(
  engine: Engine,
  o: { now(): number; version: VersionSource; lifecycle: Lifecycle },
): LiveGate {
  const { lifecycle } = o;
  const turns = createTurns();
  const readRows = engine.reads === "batched" ? createReadBatch(engine) : engine.read.bind(engine);
  const queue = createCommitQueue(engine, o.now, lifecycle, turns);

  const ensureUsable = (call: Call) => {
    if (!call.admitted) lifecycle.ensureOpen();
    call.admitted = true;
    if (call.signal?.aborted === true) throw aborted(call);
  };

  const begin = (call: Call): EngineOptions => {
    ensureUsable(call);
    return { now: o.now(), deadline: call.deadline, signal: call.signal };
  };

  /** Runs a read. What the engine has at hand is handed on at once: no timer, no turn of the event loop. */
  const perform = <T>(call: Call, read: (o: EngineOptions) => MaybePromise<T>): MaybePromise<T> => {
    if (turns.isDue(performance.now())) {
      ensureUsable(call);
      return lifecycle.track(turns.take().then(() => perform(call, read)));
    }
    const options = begin(call);
    try {
      const answer = read(options);
      if (!(answer instanceof Promise)) return answer;
      return lifecycle.track(guard(answer, call, readOutcome, (error) => explain(error, call, engine)));
    } catch (error) {
      throw explain(error, call, engine);
    }
  };

  /** Bytes have no deadline as a whole: they may take long, as long as they move. */
  const bytesOptions = (watch: StallWatch): EngineOptions => ({
    now: o.now(),
    deadline: Number.POSITIVE_INFINITY,
    signal: watch.signal,
  });

  const stage = async (
    body: AsyncIterable<Uint8Array>,
    target: BlobTarget | undefined,
    call: Call,
  ): Promise<Staged> => {
    const watch = watchStalls(call);
    const staging = engine.bytes.stage(observed(body, watch), bytesOptions(watch), target);
    try {
      return await watch.orFail(staging);
    } catch (error) {
      // Nobody waits for it any more; if it succeeds all the same, it is of no use.
      staging.then(({ token }) => engine.bytes.discard(token)).catch(() => undefined);
      throw error;
    } finally {
      watch.stop();
    }
  };

  const readValue = (key: string, o: EngineOptions): MaybePromise<string | undefined> => {
    const rows = readRows("kv", [key], o);
    return rows instanceof Promise ? rows.then(([row]) => row?.value) : rows[0]?.value;
  };
  const value = engine.value?.bind(engine) ?? readValue;

  type Chunks = AsyncIterable<Uint8Array<ArrayBuffer>>;

  async function* chunksOf(open: (options: EngineOptions) => Chunks, call: Call, mayGoOn: () => void) {
    ensureUsable(call);
    const watch = watchStalls(call);
    let isWaiting = false;
    try {
      const chunks = open(bytesOptions(watch))[Symbol.asyncIterator]();
      try {
        for (;;) {
          watch.progress();
          isWaiting = true;
          const step = await lifecycle.track(watch.orFail(chunks.next()));
          isWaiting = false;
          if (step.done === true) return;
          yield step.value;
          mayGoOn();
        }
      } finally {
        // Where the next bytes have not come, an end would wait for them for ever.
        const ended = chunks.return?.();
        if (isWaiting) ended?.catch(() => undefined);
        else await ended;
      }
    } catch (error) {
      throw explain(error, call, engine);
    } finally {
      watch.stop();
    }
  }

  const conflicts = engine.conflicts?.bind(engine);
  const copy = engine.bytes.copy?.bind(engine.bytes);
  const fetch = engine.bytes.fetch?.bind(engine.bytes);
  const sign = engine.bytes.sign?.bind(engine.bytes);

  return {
    capabilities: engine.capabilities,
    ensureOpen: lifecycle.ensureOpen,
    track: lifecycle.track,
    now: o.now,
    version: o.version,
    read: (space, keys, call) => perform(call, (options) => readRows(space, keys, options)),
    value: (key, call) => perform(call, (options) => value(key, options)),
    scan: (space, range, call) => perform(call, (options) => engine.scan(space, range, options)),
    conflicts: conflicts && ((key, call) => perform(call, (options) => conflicts(key, options))),
    events: (range, call) => perform(call, (options) => engine.events(range, options)),
    commit(ops, call) {
      ensureUsable(call);
      return queue.submit(ops, call);
    },
    stage(body, target, call) {
      ensureUsable(call);
      return lifecycle.track(stage(body, target, call)).catch((error) => {
        throw explain(error, call, engine);
      });
    },
    open: (row, range, call) =>
      chunksOf((options) => engine.bytes.open(row, range, options), call, lifecycle.ensureOpen),
    transfer: (row, range, call) =>
      chunksOf(
        (options) => engine.bytes.open(row, range, options),
        call,
        () => undefined,
      ),
    fetch:
      fetch &&
      (async (key, range, call) => {
        const fetched = await perform(call, (options) => fetch(key, range, options));
        if (fetched === undefined) return undefined;
        const open = () => chunksOf((options) => fetched.open(options), call, lifecycle.ensureOpen);
        return { row: fetched.row, open, discard: () => fetched.discard() };
      }),
    partBytes: engine.bytes.partBytes,
    extend: (token, offset, part, call) =>
      perform(call, (options) => engine.bytes.extend(token, offset, part, options)),
    extended: (token, call) => perform(call, (options) => engine.bytes.extended(token, options)),
    copy: copy && ((row, call) => perform(call, (options) => copy(row, options))),
    sign: sign && ((key, what, call) => perform(call, (options) => sign(key, what, options))),
    discard: (token) => engine.bytes.discard(token),
    feed: createFeed({
      adapter: engine.adapter,
      support: engine.capabilities.watch,
      latest: (call) => perform(call, (options) => engine.latest(options)),
      changes: (since, limit, call) => perform(call, (options) => engine.changes(since, limit, options)),
      sweep: (call) => perform(call, (options) => engine.sweep(options)),
      wake: (onWake) => engine.wake(onWake),
      onClosing: lifecycle.onClosing,
    }),
  };
}

/** Reports progress, and stops taking from the body once nobody waits for the result any more. */
async function* observed(body: AsyncIterable<Uint8Array>, watch: StallWatch): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    watch.signal.throwIfAborted();
    watch.progress();
    yield chunk;
  }
}
