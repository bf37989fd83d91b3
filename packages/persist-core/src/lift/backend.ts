/** The adapter behind the promises that core makes to it, and its failures as PersistErrors. */
import type { OrderedListing, PersistAdapter } from "../contract.ts";
import { PersistError } from "../errors.ts";

export interface Entry {
  readonly key: string;
  readonly value: unknown;
}

/** JSON data by physical key; `undefined`: none. */
export type Writes = Map<string, unknown>;

/** Values are copied on their way in: they are the adapter's to keep, and may be needed here again. */
export interface Backend {
  /** `undefined` where there is none. */
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * The entries under the prefix, perhaps with others. Where the adapter lists in order: ascending, those after `after` only, fetched by `page`, and a caller who
   * has enough may stop.
   */
  list(prefix: string, after: string | undefined, page: number): AsyncIterable<Entry>;
  readonly isOrdered: boolean;
  /** The most writes that are all or nothing. */
  readonly batchMax: number;
  write(writes: Writes): Promise<void>;
}

const longestPage = 1000;

export function createBackend(adapter: PersistAdapter): Backend {
  const { ordered, batch } = adapter;
  /** What each key is busy with. */
  const calls = new Map<string, { readonly done: Promise<unknown>; readonly get?: Promise<unknown> }>();

  /** One call for a key at a time. */
  const inTurn = <T>(key: string, isGet: boolean, call: () => Promise<T>): Promise<T> => {
    const before = calls.get(key)?.done;
    const result = (before === undefined ? attempt(call) : before.then(() => attempt(call))) as Promise<T>;
    const done = result.then(
      () => finish(),
      () => finish(),
    );
    const mine = isGet ? { done, get: result } : { done };
    const finish = () => {
      if (calls.get(key) === mine) calls.delete(key);
    };
    calls.set(key, mine);
    return result;
  };

  return {
    async get(key) {
      // Who asks while the same is being fetched gets the same.
      const value = await (calls.get(key)?.get ?? inTurn(key, true, async () => adapter.get(key)));
      return value ?? undefined;
    },
    put: (key, value) => inTurn(key, false, async () => adapter.put(key, structuredClone(value))),
    delete: (key) => inTurn(key, false, async () => adapter.delete(key)),

    async *list(prefix, after, page) {
      try {
        const entries =
          ordered === undefined ? ((await adapter.list(prefix)) ?? []) : inPages(ordered, prefix, after, page);
        for await (const { key, value } of entries) {
          // One that was deleted meanwhile may be listed without its value.
          if (key.startsWith(prefix) && value !== undefined && value !== null) yield { key, value };
        }
      } catch (error) {
        throw toPersistError(error);
      }
    },

    isOrdered: ordered !== undefined,
    batchMax: Math.max(1, batch?.max ?? 1),
    async write(writes) {
      const ops = Array.from(writes, ([key, value]) =>
        value === undefined ? { delete: key } : { put: key, value: structuredClone(value) },
      );
      await attempt(async () => batch?.write(ops));
    },
  };
}

async function* inPages(
  ordered: OrderedListing,
  prefix: string,
  after: string | undefined,
  page: number,
): AsyncIterable<{ key: string; value?: unknown }> {
  const limit = Math.min(page, longestPage);
  let last = after;
  for (let count = limit; count === limit; ) {
    count = 0;
    const options = { limit, keysOnly: false, ...(last === undefined ? {} : { after: last }) };
    for await (const entry of ordered.list(prefix, options)) {
      yield entry;
      last = entry.key;
      count++;
    }
  }
}

async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toPersistError(error);
  }
}

function toPersistError(error: unknown): PersistError {
  if (PersistError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PersistError("UNAVAILABLE", `The adapter failed: ${message}`, { cause: error });
}
