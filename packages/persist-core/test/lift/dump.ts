import type { ChangedRow, Engine, Row, Space } from "../../src/contract.ts";
import { at } from "./open.ts";

export const spaces: readonly Space[] = ["records", "kv", "blobs", "streams", "system"];
const ascending = { reverse: false, limit: 1000, keysOnly: false } as const;

/** Everything that an engine shows of its data, but its own cursors. */
export async function dump(engine: Engine, now: number): Promise<unknown> {
  const rows: (readonly Row[])[] = [];
  for (const space of spaces) rows.push((await engine.scan(space, { by: "key", ...ascending }, at(now))).rows);
  const indexed = [];
  for (const index of ["by/tag", "email"])
    indexed.push(await engine.scan("records", { by: "index", index, ...ascending }, at(now)));
  const { events } = await engine.events({ reverse: false, limit: 1000 }, at(now));
  const heads = await engine.read("streams", [""], at(now));
  return plain({ rows, indexed, events, heads, changes: (await follow(engine, undefined, 1000, now)).changes });
}

/** What changed after `since`, by pages, and where it ends. Cursors are each engine's own. */
export async function follow(engine: Engine, since: string | undefined, limit: number, now: number) {
  const changes: Omit<ChangedRow, "cursor">[] = [];
  for (let cursor = since; ; ) {
    const page = await engine.changes(cursor, limit, at(now));
    changes.push(...page.changes.map(({ cursor: _, ...change }) => change));
    cursor = page.cursor;
    if (page.changes.length < limit) return { changes, cursor };
  }
}

/** Without what the memory engine keeps in its rows for itself. */
export function plain(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (name, value) => (name === "place" || name === "index" ? undefined : value)),
  );
}
