import type { Call } from "../calls.ts";
import type { MaybePromise, Op } from "../contract.ts";
import type { Gate } from "../gate.ts";
import { createPrefixGate } from "../prefix-gate.ts";

export interface CollectionGateParts {
  readonly name: string;
  /** At the end of each version that is made here. */
  readonly suffix: string;
  /** Makes sure that all writers know of the collection's indexes. */
  readonly declared: (call: Call) => MaybePromise<void>;
}

/** The gate to the records of a collection. Nothing is written through it before its indexes are declared. */
export function createCollectionGate<G extends Gate>(gate: G, { name, suffix, declared }: CollectionGateParts): G {
  const under = createPrefixGate(gate, "records", `${name}/`);
  return {
    ...under,
    version: suffix === "" ? gate.version : () => gate.version() + suffix,
    commit(ops: readonly Op[], call: Call) {
      const waiting = declared(call);
      return waiting instanceof Promise ? waiting.then(() => under.commit(ops, call)) : under.commit(ops, call);
    },
  };
}
