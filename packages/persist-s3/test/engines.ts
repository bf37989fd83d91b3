import {
  type AppendOp,
  type CommitResult,
  type Engine,
  type EngineOptions,
  type KeyRange,
  type Op,
  openEngine,
  type PutOp,
} from "@cuitty/persist-core";
import { onTestFinished } from "vitest";
import { s3 } from "../src/adapter.ts";
import type { S3FactoryOptions } from "../src/options.ts";
import { optionsOf, type Server } from "./buckets.ts";

/** An engine as a process of its own would have it. */
export interface OpenedEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** Ends its connections, and leaves what it was doing. */
  abandon(): Promise<void>;
}

export async function openedOn(server: Server, options: Partial<S3FactoryOptions> = {}): Promise<OpenedEngine> {
  const adapter = await s3({ ...optionsOf(server), ...options });
  const engine = await openEngine(adapter, { name: "test", namespace: "" });
  return {
    engine,
    async abandon() {
      await adapter.close?.();
    },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await adapter.close?.();
    },
  };
}

/** Closed with the test. */
export async function openEngineOn(server: Server, options: Partial<S3FactoryOptions> = {}): Promise<Engine> {
  const opened = await openedOn(server, options);
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened.engine;
}

/** Options of a call at this time, with half a minute to spare. */
export const at = (now: number): EngineOptions => ({ now, deadline: performance.now() + 30_000 });

let count = 0;
export const newVersion = (): string => `v${++count}`;

export const put = (key: string, value: unknown, more: Partial<PutOp> = {}): PutOp => ({
  op: "put",
  space: "kv",
  key,
  value: JSON.stringify(value),
  version: newVersion(),
  ...more,
});

export const append = (stream: string, ...ids: string[]): AppendOp => ({
  op: "append",
  stream,
  events: ids.map((id) => ({ id, type: "t", tags: [], data: JSON.stringify(id) })),
});

export async function commit(engine: Engine, now: number, ...ops: Op[]): Promise<CommitResult> {
  const [result] = await engine.commit([ops], at(now));
  return result as CommitResult;
}

export async function valuesOf(engine: Engine, now: number, ...keys: string[]): Promise<unknown[]> {
  const rows = await engine.read("kv", keys, at(now));
  return rows.map((row) => (row === undefined ? undefined : JSON.parse(row.value)));
}

export async function idsOf(engine: Engine, now: number, stream?: string): Promise<string[]> {
  const { events } = await engine.events({ stream, reverse: false, limit: 10_000 }, at(now));
  return events.map(({ id }) => id);
}

export const everything: KeyRange = { by: "key", reverse: false, limit: 1000, keysOnly: false };
