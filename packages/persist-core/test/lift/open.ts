import type { Engine, EngineOptions, PersistAdapter } from "../../src/contract.ts";
import { lift } from "../../src/lift/engine.ts";

export const scope = { name: "test", namespace: "" } as const;

export function openLift(adapter: PersistAdapter): Promise<Engine> {
  return lift(adapter, scope);
}

export function at(now: number): EngineOptions {
  return { now, deadline: Number.POSITIVE_INFINITY };
}
