import type { Call } from "./calls.ts";
import type { MaybePromise, Row, Space, StreamHead } from "./contract.ts";
import { PersistError } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { checkKey } from "./keys.ts";

/** The row of one key. A promise only where the engine needs time. */
export function readOne(gate: Gate, space: Space, key: string, call: Call): MaybePromise<Row | undefined> {
  const rows = gate.read(space, [key], call);
  return rows instanceof Promise ? rows.then((settled) => settled[0]) : rows[0];
}

/** The head of a stream, of the whole log under `""`; all zeros where there are no events. */
export async function readHead(gate: Gate, stream: string, call: Call): Promise<StreamHead> {
  const row = await readOne(gate, "streams", stream, call);
  return row === undefined ? { version: 0, position: 0 } : (JSON.parse(row.value) as StreamHead);
}

/** The most keys in one read. */
const batch = 1000;

/** The rows of those of the keys that are there, each once, in the order of the keys. */
export async function readPresent(gate: Gate, space: Space, keys: readonly string[], call: Call): Promise<Row[]> {
  if (!Array.isArray(keys)) throw new PersistError("INVALID_ARGUMENT", `${call.operation} takes an array of keys.`);
  for (const key of keys) checkKey(key);
  const unique = [...new Set(keys)];
  const present: Row[] = [];
  for (let i = 0; i < unique.length; i += batch) {
    for (const row of await gate.read(space, unique.slice(i, i + batch), call))
      if (row !== undefined) present.push(row);
  }
  return present;
}
