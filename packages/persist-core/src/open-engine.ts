import type { Engine, PersistAdapter, Scope } from "./contract.ts";
import { lift } from "./lift/engine.ts";

/** The adapter's own engine, or its four methods lifted into one. */
export function openEngine(adapter: PersistAdapter, scope: Scope): Promise<Engine> {
  return adapter.engine === undefined ? lift(adapter, scope) : adapter.engine(scope);
}
