/** What there is to see of indexes from below the facades. */
import { expect } from "vitest";
import type { Engine } from "../../src/contract.ts";

const o = { now: 0, deadline: Number.POSITIVE_INFINITY };

interface StoredDefinition {
  readonly on: readonly string[];
  readonly unique: boolean;
  readonly id: string;
  readonly state: string;
  readonly duplicates?: readonly string[];
}

/** The definitions by collection and name. */
export async function catalogOf(
  engine: Engine,
): Promise<Partial<Record<string, Partial<Record<string, StoredDefinition>>>>> {
  const [row] = await engine.read("system", ["indexes"], o);
  return row === undefined ? {} : JSON.parse(row.value).collections;
}

/** The keys in the index, in its order. */
export async function entriesIn(engine: Engine, index: string): Promise<string[]> {
  const range = { by: "index", index, reverse: false, limit: 10_000, keysOnly: true } as const;
  return (await engine.scan("records", range, o)).rows.map(({ key }) => key);
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { timeout: 60_000, interval: 1 }).toBe(true);
}
