/** An adapter that does the same as another and writes down what it is asked: how "before any I/O" is proved. */
import type { Bytes, Engine, PersistAdapter } from "@cuitty/persist-core";

/** The verbs that were called, in order: `engine.read`, `put`. */
export type CallLog = string[];

export function logCalls(adapter: PersistAdapter, log: CallLog): PersistAdapter {
  const { engine, ordered, batch } = adapter;
  const note = (verb: string) => {
    log.push(verb);
  };
  return {
    get(key) {
      note("get");
      return adapter.get(key);
    },
    put(key, value) {
      note("put");
      return adapter.put(key, value);
    },
    delete(key) {
      note("delete");
      return adapter.delete(key);
    },
    list(prefix) {
      note("list");
      return adapter.list(prefix);
    },
    async close() {
      note("close");
      await adapter.close?.();
    },
    ...(engine && { engine: async (scope) => logEngine(await engine.call(adapter, scope), note) }),
    ...(ordered && {
      ordered: {
        list(prefix, options) {
          note("ordered.list");
          return ordered.list(prefix, options);
        },
      },
    }),
    ...(batch && {
      batch: {
        max: batch.max,
        write(ops) {
          note("batch.write");
          return batch.write(ops);
        },
      },
    }),
  };
}

function logEngine(engine: Engine, note: (verb: string) => void): Engine {
  return {
    adapter: engine.adapter,
    capabilities: engine.capabilities,
    reads: engine.reads,
    ...(engine.clock && { clock: () => engine.clock?.() as number }),
    read(space, keys, o) {
      note("engine.read");
      return engine.read(space, keys, o);
    },
    scan(space, range, o) {
      note("engine.scan");
      return engine.scan(space, range, o);
    },
    events(range, o) {
      note("engine.events");
      return engine.events(range, o);
    },
    commit(lists, o) {
      note("engine.commit");
      return engine.commit(lists, o);
    },
    changes(since, limit, o) {
      note("engine.changes");
      return engine.changes(since, limit, o);
    },
    wake: (onWake) => engine.wake(onWake),
    bytes: logBytes(engine.bytes, note),
    raw: () => engine.raw(),
    close() {
      note("engine.close");
      return engine.close();
    },
  };
}

function logBytes(bytes: Bytes, note: (verb: string) => void): Bytes {
  return {
    stage(body, o) {
      note("engine.bytes.stage");
      return bytes.stage(body, o);
    },
    open(row, range, o) {
      note("engine.bytes.open");
      return bytes.open(row, range, o);
    },
    discard(token) {
      note("engine.bytes.discard");
      return bytes.discard(token);
    },
  };
}
