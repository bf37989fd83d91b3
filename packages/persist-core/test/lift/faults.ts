import type { PersistAdapter } from "../../src/contract.ts";

/** Before each call: whether it happens, and what the caller is told. */
export type Fate = "works" | "fails" | "fails though it happened" | "hangs" | "hangs though it happened";

export interface AdapterCall {
  readonly method: "get" | "put" | "delete" | "list" | "batch";
  readonly key: string;
}

export const isWrite = ({ method }: AdapterCall): boolean => method !== "get" && method !== "list";

export function fated(adapter: PersistAdapter, fateOf: (call: AdapterCall) => Fate): PersistAdapter {
  const meet = async <T>(method: AdapterCall["method"], key: string, work: () => Promise<T>): Promise<T> => {
    const fate = fateOf({ method, key });
    if (fate === "fails") throw new Error(`${method} fails`);
    if (fate === "hangs") return forever;
    const result = await work();
    if (fate === "fails though it happened") throw new Error(`${method} fails after it happened`);
    return fate === "works" ? result : forever;
  };

  const { ordered, batch } = adapter;
  return {
    get: (key) => meet("get", key, () => adapter.get(key)),
    put: (key, value) => meet("put", key, () => adapter.put(key, value)),
    delete: (key) => meet("delete", key, () => adapter.delete(key)),
    async *list(prefix) {
      yield* await meet("list", prefix, async () => (await adapter.list(prefix)) ?? []);
    },
    ...(ordered && {
      ordered: {
        async *list(prefix, options) {
          yield* await meet("list", prefix, async () => ordered.list(prefix, options));
        },
      },
    }),
    ...(batch && {
      batch: { max: batch.max, write: (ops) => meet("batch", "", () => batch.write(ops)) },
    }),
  } satisfies PersistAdapter;
}

const forever = new Promise<never>(() => undefined);
