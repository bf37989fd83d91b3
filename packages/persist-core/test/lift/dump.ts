import { expect } from "vitest";
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
  return plain({ rows, indexed, events, heads, changes: await feed(engine, 1000, now) });
}

/** The whole feed by pages. Cursors are each engine's own. */
export async function feed(engine: Engine, limit: number, now: number): Promise<Omit<ChangedRow, "cursor">[]> {
  const all: Omit<ChangedRow, "cursor">[] = [];
  for (let since: string | undefined; ; ) {
    const page = await engine.changes(since, limit, at(now));
    all.push(...page.changes.map(({ cursor: _, ...change }) => change));
    if (page.changes.length > 0) expect(page.cursor).toBe(page.changes.at(-1)?.cursor);
    if (page.changes.length < limit) return all;
    since = page.cursor;
  }
}

/** Without what the memory engine keeps in its rows for itself. */
export function plain(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (name, value) => (name === "place" || name === "index" ? undefined : value)),
  );
}
