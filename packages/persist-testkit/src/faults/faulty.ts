/** An adapter whose calls fail as somebody decides: what a network, a server or a disk may do to any of them. */
import { type Engine, type Op, type PersistAdapter, PersistError } from "@cuitty/persist-core";

/**
 * What becomes of a call:
 *
 * - `works`;
 * - `fails`: nothing happened, and the caller is told so;
 * - `fails though it happened`: the answer was lost, and an error came instead. The `commit` of an engine answers `unknown`;
 * - `is lost`: nothing happened, but whoever sees the error cannot know. The `commit` of an engine answers `unknown`;
 * - `hangs`: nothing happened, and there is never an answer;
 * - `hangs though it happened`;
 * - `is late`: happens some turns of the event loop later, so that calls which were made after it may come first.
 */
export type Fate =
  | "works"
  | "fails"
  | "fails though it happened"
  | "is lost"
  | "hangs"
  | "hangs though it happened"
  | "is late";

export interface AdapterCall {
  /** Of all calls through this adapter, from 1. */
  readonly number: number;
  /** Such as `put`, `engine.commit` or `engine.bytes.stage`. */
  readonly method: string;
}

/**
 * Does the same as the adapter, but asks `fateOf` about each call before it is made. Where the adapter brings an engine, these are the calls of its engine. Opening, closing
 * and what asks the backend for nothing (`wake`, `clock`, `raw`) always work. No time passes by it: what hangs is given up by a signal, or by the deadline of the operation.
 */
export function faulty(adapter: PersistAdapter, fateOf: (call: AdapterCall) => Fate): PersistAdapter {
  let calls = 0;
  const next: NextFate = (method) => fateOf({ number: ++calls, method });
  const { engine } = adapter;
  const methods = suffering(adapter, "", next);
  if (engine === undefined) return methods;
  const openEngine: typeof engine = async (scope) => suffering(await engine.call(adapter, scope), "engine.", next);
  return new Proxy(methods, { get: (target, name) => (name === "engine" ? openEngine : Reflect.get(target, name)) });
}

type NextFate = (method: string) => Fate;

const spared: ReadonlySet<string> = new Set(["clock", "raw", "wake", "close"]);
/** Objects whose methods are calls too. */
const parts: ReadonlySet<string> = new Set(["bytes", "ordered", "batch"]);
/** What they answer is read bit by bit. */
const reading: ReadonlySet<string> = new Set(["list", "ordered.list", "engine.bytes.open"]);
const turnsLate = 12;

/** A stand-in, so that whatever the original has is there, and is called on the original. */
function suffering<T extends object>(original: T, prefix: string, next: NextFate): T {
  return new Proxy({} as T, {
    get(_, name) {
      const member: unknown = Reflect.get(original, name);
      if (typeof name !== "string" || spared.has(name))
        return typeof member === "function" ? member.bind(original) : member;
      if (typeof member === "object" && member !== null && parts.has(name)) {
        return suffering(member, `${prefix}${name}.`, next);
      }
      if (typeof member !== "function") return member;
      const method = prefix + name;
      return (...args: unknown[]) => {
        const work = () => member.apply(original, args);
        const fate = next(method);
        if (fate === "works") return work();
        return reading.has(method) ? sufferItems(method, fate, work) : suffer(method, fate, work, args);
      };
    },
  });
}

async function suffer(method: string, fate: Fate, work: () => unknown, args: readonly unknown[]): Promise<unknown> {
  if (fate === "fails") throw failure(method, "not-applied");
  if (fate === "hangs") return forever;
  if (fate === "is late") await turns(turnsLate);
  const answer = fate === "is lost" ? undefined : await work();
  if (fate === "hangs though it happened") return forever;
  if (fate === "works" || fate === "is late") return answer;
  if (method !== "engine.commit") throw lostAnswer(method);
  const [lists] = args as Parameters<Engine["commit"]>;
  return lists.map((_: readonly Op[]) => ({ outcome: "unknown", cause: failure(method, "unknown") }));
}

/** What happened before the failure is the first item. */
async function* sufferItems(method: string, fate: Fate, work: () => unknown): AsyncIterable<unknown> {
  if (fate === "fails" || fate === "is lost") throw failure(method, "not-applied");
  if (fate === "hangs") await forever;
  if (fate === "is late") await turns(turnsLate);
  const items = ((await work()) ?? []) as AsyncIterable<unknown>;
  for await (const item of items) {
    yield item;
    if (fate === "fails though it happened") throw lostAnswer(method);
    if (fate === "hangs though it happened") await forever;
  }
}

function failure(method: string, outcome: "not-applied" | "unknown"): PersistError {
  return new PersistError("UNAVAILABLE", `${method} fails on purpose.`, { outcome });
}

/** Where the answer was lost, nobody knows whether they have happened. */
const writing: ReadonlySet<string> = new Set(["put", "delete", "batch.write"]);

function lostAnswer(method: string): PersistError {
  return failure(method, writing.has(method) ? "unknown" : "not-applied");
}

const forever = new Promise<never>(() => undefined);

/** Of the event loop. Timers are what every runtime has. */
export async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setTimeout(resolve));
}
