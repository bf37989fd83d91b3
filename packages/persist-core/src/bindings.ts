/** Which handles belong to a store, and how to make each anew over the gate of a transaction: what `tx.use` goes by. */
import type { Attempts } from "./attempts.ts";
import { PersistError } from "./errors.ts";
import type { Gate } from "./gate.ts";

/** The operations of a collection or bucket, over another gate than its own. */
export type Bind = (gate: Gate, attempts: Attempts) => unknown;

export interface Bindings {
  add(handle: object, bind: Bind): void;
  /** Throws INVALID_ARGUMENT where the handle is not one of this store. */
  bind(handle: unknown, gate: Gate, attempts: Attempts): unknown;
}

/** Those of a view of the store: a handle of the view is bound through the view. */
export function nested(bindings: Bindings, view: (gate: Gate) => Gate): Bindings {
  return {
    add: (handle, bind) => bindings.add(handle, (gate, attempts) => bind(view(gate), attempts)),
    bind: bindings.bind,
  };
}

export function createBindings(): Bindings {
  const binds = new WeakMap<object, Bind>();
  return {
    add: (handle, bind) => void binds.set(handle, bind),
    bind(handle, gate, attempts) {
      const bind = typeof handle === "object" && handle !== null ? binds.get(handle) : undefined;
      if (bind !== undefined) return bind(gate, attempts);
      throw new PersistError(
        "INVALID_ARGUMENT",
        "tx.use takes what store.records.collection or store.kv.bucket of the same store has returned.",
      );
    },
  };
}
