/**
 * The way back from an engine to the four methods: its `kv`, in a scope of its own. So whatever is written for four methods (a wrapper, a test) also runs over a
 * backend that brings an engine.
 */
import { defaultTimeout } from "./calls.ts";
import { decode, encode } from "./codec.ts";
import type { Engine, EngineOptions, KeyRange, Op, PersistAdapter, Scope } from "./contract.ts";
import { PersistError } from "./errors.ts";
import { prefixEnd } from "./keys.ts";
import { createVersionSource } from "./versions.ts";

const pageSize = 500;
/** In bytes: more than a lift ever puts, which is the record of a whole commit. */
const maxBytes = 16 * 1024 * 1024;

export function fourMethods(
  open: (scope: Scope) => Promise<Engine>,
): Pick<PersistAdapter, "get" | "put" | "delete" | "list"> {
  const version = createVersionSource();
  let opening: Promise<Engine> | undefined;
  const engine = () => {
    opening ??= open({ name: "adapter", namespace: "" });
    return opening;
  };
  const options = (): EngineOptions => ({ now: Date.now(), deadline: performance.now() + defaultTimeout });

  const commit = async (op: Op) => {
    const [result] = await (await engine()).commit([[op]], options());
    if (result?.outcome !== "applied") {
      throw new PersistError("UNAVAILABLE", "It is not known whether the write took effect.", {
        outcome: "unknown",
        cause: result?.outcome === "unknown" ? result.cause : undefined,
      });
    }
  };

  return {
    async get(key) {
      const [row] = await (await engine()).read("kv", [key], options());
      return row === undefined ? undefined : decode(row.value);
    },
    put: (key, value) => commit({ op: "put", space: "kv", key, value: encode(value, maxBytes), version: version() }),
    delete: (key) => commit({ op: "delete", space: "kv", key, version: version() }),
    async *list(prefix) {
      const end = prefixEnd(prefix);
      const upper = end === undefined ? undefined : { key: end, inclusive: false };
      let lower = prefix === "" ? undefined : { key: prefix, inclusive: true };
      for (let more = true; more; ) {
        const range: KeyRange = { by: "key", lower, upper, reverse: false, limit: pageSize, keysOnly: false };
        const page = await (await engine()).scan("kv", range, options());
        for (const row of page.rows) yield { key: row.key, value: decode(row.value) };
        const last = page.rows.at(-1);
        more = page.more && last !== undefined;
        if (last !== undefined) lower = { key: last.key, inclusive: false };
      }
    },
  };
}
