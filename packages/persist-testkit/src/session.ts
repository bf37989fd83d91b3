/** One run of the kit over one harness: what its clauses share. */
import type { PersistAdapter } from "@cuitty/persist-core";
import type { Budget, Harness } from "./harness.ts";

export interface Session {
  readonly harness: Harness;
  /** All that is random follows from it. */
  readonly seed: number;
  readonly budget: Budget;
  /** The id of a new place. */
  newId(): string;
  /** A namespace that nobody else uses. */
  newNamespace(): string;
  /** The adapter on which clauses get a namespace each. `undefined` where each needs an adapter of its own. */
  shared(): Promise<PersistAdapter | undefined>;
  /** Ends and frees what is shared. */
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly seed: number;
  readonly budget: Budget;
  /** Whether somebody will call `end`; else nothing is shared. */
  readonly ends: boolean;
}

export function createSession(harness: Harness, { seed, budget, ends }: SessionOptions): Session {
  const run = (crypto.getRandomValues(new Uint32Array(1))[0] as number).toString(36);
  let places = 0;
  let namespaces = 0;
  let sharing: Promise<{ id: string; adapter: PersistAdapter } | undefined> | undefined;

  const newId = () => `kit-${run}-${++places}`;

  /** An adapter of four methods ends with its store, so only one that brings an engine can serve several. */
  const share = async () => {
    const id = newId();
    const adapter = await harness.open(id);
    if (adapter.engine !== undefined) return { id, adapter };
    await adapter.close?.();
    await harness.destroy?.(id);
    return undefined;
  };

  return {
    harness,
    seed,
    budget,
    newId,
    newNamespace: () => `n${++namespaces}`,
    async shared() {
      if (!ends) return undefined;
      sharing ??= share();
      return (await sharing)?.adapter;
    },
    async end() {
      const shared = await sharing?.catch(() => undefined); // whoever needed it has been told
      sharing = undefined;
      if (shared === undefined) return;
      await shared.adapter.close?.();
      await harness.destroy?.(shared.id);
    },
  };
}
