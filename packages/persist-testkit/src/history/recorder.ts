/** Clients whose calls are written down. */
import { type Kv, PersistError, type Records } from "@cuitty/persist-core";
import type { Action, Call } from "./call.ts";

/** One key after another, one call after another: a client never has two calls under way. */
export interface RegisterClient {
  get(key: string): Promise<void>;
  set(key: string, value: string | number): Promise<void>;
  delete(key: string): Promise<void>;
  /** By the version that this client has seen last, which may be one of another day; by absence where it has seen nothing. */
  compareAndSet(key: string, value: string | number): Promise<void>;
  increment(key: string, by: number): Promise<void>;
}

export interface Recorder {
  /** What is over. */
  readonly calls: readonly Call[];
  kv(client: string, kv: Pick<Kv, "getEntry" | "set" | "delete" | "increment">): RegisterClient;
  records(client: string, records: Pick<Records, "get" | "put" | "delete" | "update">): RegisterClient;
}

export interface RecorderOptions {
  /** A clock that all clients share. Default: counts the beginnings and endings of calls, which does for one process. */
  now?: () => number;
  /** Called with each call when it is made, its outcome still unknown, and again when it is over, with the same `id`: for processes that may be killed. */
  onCall?: (id: number, call: Call) => void;
}

interface Register {
  get(key: string): Promise<{ value: unknown; version: string } | undefined>;
  set(
    key: string,
    value: unknown,
    o: { ifMatch: string } | { ifNoneMatch: "*" } | object,
  ): Promise<{ version: string }>;
  delete(key: string): Promise<boolean>;
  increment(key: string, by: number): Promise<number>;
}

export function createRecorder({ now = counting(), onCall }: RecorderOptions = {}): Recorder {
  const calls: Call[] = [];
  let count = 0;

  /** Writes the call down. What has certainly not happened is left out: should it have happened all the same, others have read what nobody wrote. */
  const record = async (
    client: string,
    key: string,
    asked: Action,
    work: () => Promise<Action>,
  ): Promise<Action | undefined> => {
    const id = ++count;
    const begun: Call = { client, key, called: now(), action: asked };
    onCall?.(id, begun);
    const end = (call: Call) => {
      calls.push(call);
      onCall?.(id, call);
      return call.action;
    };
    try {
      const action = await work();
      return end({ ...begun, action, answered: now() });
    } catch (error) {
      if (!PersistError.is(error)) throw error;
      if (error.code === "CONFLICT" && asked.do === "compareAndSet")
        return end({ ...begun, action: { ...asked, applied: false }, answered: now() });
      if (error.code === "NOT_FOUND" && asked.do === "increment")
        return end({ ...begun, action: { do: "get", found: undefined }, answered: now() });
      const isRefusal = error.code === "CONFLICT" && asked.do !== "increment"; // nobody asked for a condition
      if (isRefusal || error.code === "INTERNAL") throw error;
      if (error.outcome !== "unknown" || asked.do === "get") {
        onCall?.(id, { ...begun, action: { do: "get", found: undefined } });
        return undefined;
      }
      // What has reached the backend and whose answer was lost is over, unlike what nobody waited for any longer.
      const settled = error.code === "UNAVAILABLE" ? { settled: now() } : {};
      const version = error.version === undefined ? {} : { version: error.version };
      return end({ ...begun, ...settled, action: { ...asked, ...("value" in asked ? version : {}) } as Action });
    }
  };

  const clientOf = (client: string, register: Register): RegisterClient => {
    const met = new Map<string, string>();
    return {
      async get(key) {
        const action = await record(client, key, { do: "get", found: undefined }, async () => {
          const entry = await register.get(key);
          return { do: "get", found: entry && { value: entry.value, version: entry.version } };
        });
        if (action?.do !== "get") return;
        if (action.found?.version === undefined) met.delete(key);
        else met.set(key, action.found.version);
      },
      async set(key, value) {
        await record(client, key, { do: "set", value }, async () => {
          const { version } = await register.set(key, value, {});
          return { do: "set", value, version };
        });
      },
      async delete(key) {
        await record(client, key, { do: "delete" }, async () => ({
          do: "delete",
          existed: await register.delete(key),
        }));
      },
      async compareAndSet(key, value) {
        const expected = met.get(key) ?? null;
        const condition = expected === null ? { ifNoneMatch: "*" } : { ifMatch: expected };
        const asked = { do: "compareAndSet", expected, value } as const;
        await record(client, key, asked, async () => {
          const { version } = await register.set(key, value, condition);
          met.set(key, version);
          return { ...asked, version, applied: true };
        });
      },
      async increment(key, by) {
        await record(client, key, { do: "increment", by }, async () => ({
          do: "increment",
          by,
          sum: await register.increment(key, by),
        }));
      },
    };
  };

  return {
    calls,
    kv: (client, kv) =>
      clientOf(client, {
        get: (key) => kv.getEntry(key),
        set: (key, value, o) => kv.set(key, value, o),
        delete: (key) => kv.delete(key),
        increment: (key, by) => kv.increment(key, by),
      }),
    records: (client, records) =>
      clientOf(client, {
        get: (key) => records.get(key),
        set: (key, value, o) => records.put(key, value, o),
        delete: (key) => records.delete(key),
        increment: async (key, by) => (await records.update(key, (sum) => (sum as number) + by)).value as number,
      }),
  };
}

/** A clock for one process: no two moments are the same. */
export function counting(): () => number {
  let count = 0;
  return () => ++count;
}
