/** An engine that is opened at its first use, over an adapter of which another scope is open already. */
import type { Bytes, Engine, MaybePromise } from "./contract.ts";
import { PersistError } from "./errors.ts";

/** `sibling` is the open one: what it can do, this one can. */
export function createLazyEngine(sibling: Engine, open: () => Promise<Engine>): Engine {
  let opened: Engine | undefined;
  let opening: Promise<Engine> | undefined;
  let closed = false;

  /** One that fails is tried again by the next use. */
  const start = (): Promise<Engine> => {
    opening ??= open().then(
      (engine) => {
        opened = engine;
        return engine;
      },
      (error) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };

  const use = <T>(work: (engine: Engine) => MaybePromise<T>): MaybePromise<T> => {
    if (opened !== undefined) return work(opened);
    if (closed) throw new PersistError("CLOSED", "The namespace is closed.");
    return start().then(work);
  };

  return {
    adapter: sibling.adapter,
    capabilities: sibling.capabilities,
    reads: sibling.reads,
    flights: sibling.flights,
    read: (space, keys, o) => use((engine) => engine.read(space, keys, o)),
    ...(sibling.value === undefined
      ? {}
      : { value: (key, o) => use((engine) => (engine.value as NonNullable<Engine["value"]>)(key, o)) }),
    scan: (space, range, o) => use((engine) => engine.scan(space, range, o)),
    ...(sibling.conflicts === undefined
      ? {}
      : { conflicts: (key, o) => use((engine) => (engine.conflicts as NonNullable<Engine["conflicts"]>)(key, o)) }),
    events: (range, o) => use((engine) => engine.events(range, o)),
    commit: (lists, o) => use((engine) => engine.commit(lists, o)),
    changes: (since, limit, o) => use((engine) => engine.changes(since, limit, o)),
    latest: (o) => use((engine) => engine.latest(o)),
    sweep: (o) => use((engine) => engine.sweep(o)),
    wake(onWake) {
      let stop: (() => void) | undefined;
      let stopped = false;
      // What happened before it was opened, the listener has not seen: it is woken once.
      const listen = (engine: Engine) => {
        if (stopped) return;
        stop = engine.wake(onWake);
        onWake();
      };
      if (opened !== undefined) stop = opened.wake(onWake);
      else start().then(listen, () => undefined);
      return () => {
        stopped = true;
        stop?.();
      };
    },
    bytes: {
      partBytes: sibling.bytes.partBytes,
      stage: async (body, o, target) => use((engine) => engine.bytes.stage(body, o, target)),
      async *open(row, range, o) {
        const engine = await use((opened) => opened);
        yield* engine.bytes.open(row, range, o);
      },
      extend: (token, offset, part, o) => use((engine) => engine.bytes.extend(token, offset, part, o)),
      extended: (token, o) => use((engine) => engine.bytes.extended(token, o)),
      ...(sibling.bytes.copy === undefined
        ? {}
        : { copy: (row, o) => use((engine) => (engine.bytes.copy as NonNullable<Bytes["copy"]>)(row, o)) }),
      ...(sibling.bytes.fetch === undefined
        ? {}
        : {
            fetch: async (key, range, o) =>
              use((engine) => (engine.bytes.fetch as NonNullable<Bytes["fetch"]>)(key, range, o)),
          }),
      ...(sibling.bytes.sign === undefined
        ? {}
        : {
            sign: (key, what, o) => use((engine) => (engine.bytes.sign as NonNullable<Bytes["sign"]>)(key, what, o)),
          }),
      discard: (token) => use((engine) => engine.bytes.discard(token)),
    },
    raw: () => sibling.raw(),
    async close() {
      closed = true;
      const engine = await opening?.catch(() => undefined);
      await engine?.close();
    },
  };
}
