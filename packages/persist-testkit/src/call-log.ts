/** An adapter that does the same as another and writes down what it is asked: how "before any I/O" is proved. */
import type { PersistAdapter } from "@cuitty/persist-core";

/** The calls that were made, in order: `put`, `engine.read`, `engine.bytes.stage`. */
export type CallLog = string[];

export function logCalls(adapter: PersistAdapter, log: CallLog): PersistAdapter {
  const { engine } = adapter;
  const logged = observe(adapter, "", log);
  if (engine === undefined) return logged;
  const openEngine: typeof engine = async (scope) => observe(await engine.call(adapter, scope), "engine.", log);
  return new Proxy(logged, { get: (target, name) => (name === "engine" ? openEngine : Reflect.get(target, name)) });
}

/** What asks the backend for nothing. */
const quiet: ReadonlySet<string> = new Set(["clock", "raw", "wake"]);
/** Objects whose methods count too. */
const parts: ReadonlySet<string> = new Set(["bytes", "ordered", "batch"]);

/** A stand-in, so that whatever the original has is there, and is called on the original. */
function observe<T extends object>(original: T, prefix: string, log: CallLog): T {
  // Not of the original itself: it may be frozen, and a Proxy has to give out what is frozen as it is.
  return new Proxy({} as T, {
    get(_, name) {
      const member: unknown = Reflect.get(original, name);
      if (typeof name !== "string") return member;
      if (typeof member === "object" && member !== null && parts.has(name)) {
        return observe(member, `${prefix}${name}.`, log);
      }
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (!quiet.has(name)) log.push(prefix + name);
        return member.apply(original, args);
      };
    },
  });
}
