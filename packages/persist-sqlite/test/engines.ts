import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, EngineOptions, KeyRange, PutOp, Scope } from "@cuitty/persist-core";
import { onTestFinished } from "vitest";
import { betterSqlite3, sqlite } from "../src/adapter.ts";
import type { SqliteDriver } from "../src/driver.ts";
import { nodeSqlite } from "../src/drivers/node-sqlite.ts";
import type { SqliteFactoryOptions } from "../src/options.ts";

export const drivers: readonly SqliteDriver[] = [betterSqlite3, nodeSqlite];

export const scope: Scope = { name: "test", namespace: "" };

/** A folder of its own, gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "persist-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An engine in memory unless there is a path; closed after the test. */
export async function openEngine(options: SqliteFactoryOptions = {}, inScope: Scope = scope): Promise<Engine> {
  const adapter = await sqlite({ path: ":memory:", ...options });
  onTestFinished(() => adapter.close?.());
  return adapter.engine?.(inScope) as Promise<Engine>;
}

/** Options of a call at this time, with ten seconds to spare. */
export function at(now: number, more: Partial<EngineOptions> = {}): EngineOptions {
  return { now, deadline: performance.now() + 10_000, ...more };
}

let writes = 0;

/** A put with a version of its own. */
export function put(space: PutOp["space"], key: string, value: string, more: Partial<PutOp> = {}): PutOp {
  return { op: "put", space, key, value, version: `w${++writes}`, ...more };
}

/** All keys, ascending. */
export function everything(more: Partial<KeyRange> = {}): KeyRange {
  return { by: "key", reverse: false, limit: 1000, keysOnly: false, ...more };
}
