import type { Engine, EngineOptions, NewEventRow, PersistAdapter, PutOp } from "../../src/contract.ts";
import { lift } from "../../src/lift/engine.ts";
import { createVersionSource } from "../../src/versions.ts";

export const scope = { name: "test", namespace: "" } as const;

export function openLift(adapter: PersistAdapter): Promise<Engine> {
  return lift(adapter, scope);
}

export function at(now: number): EngineOptions {
  return { now, deadline: Number.POSITIVE_INFINITY };
}

export const version: () => string = createVersionSource();

export function put(space: PutOp["space"], key: string, value: string): PutOp {
  return { op: "put", space, key, value, version: version() };
}

export function event(id: string): NewEventRow {
  return { id, type: "t", tags: [], data: "1" };
}
