/** Makes tombstones of rows that have expired, and so tells the feed. */
import type { DeleteOp, EngineOptions } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { commitLists } from "./commit.ts";
import { nameIn } from "./layout.ts";
import { isCut, numbered, readName } from "./names.ts";
import type { Parts } from "./parts.ts";
import { corrupt } from "./state.ts";

export interface Removal {
  /** Rows that were looked at. */
  readonly due: number;
  /** Whether any has become a tombstone. */
  readonly took: boolean;
}

/** Up to so many of those that expire first. Each has an object that tells when. */
export async function removeExpired(parts: Parts, limit: number, o: EngineOptions): Promise<Removal> {
  const { bucket, layout } = parts;
  const { prefix } = layout.expiries;
  const { objects } = await bucket.list(prefix, { ...o, limit });
  const end = `${prefix}${numbered(Math.max(0, Math.floor(o.now)))} ~`;
  const due = objects.filter(({ key }) => key < end);
  if (due.length === 0) return { due: 0, took: false };
  const lists = await Promise.all(due.map(async ({ key }) => [await removalOf(parts, key, o)]));
  const results = await commitLists(parts, lists, o);
  const settled = due.filter((_, i) => results[i]?.outcome !== "unknown" && results[i]?.outcome !== "failed");
  await Promise.all(settled.map(({ key }) => bucket.remove(key, o)));
  return { due: due.length, took: results.some(({ outcome }) => outcome === "applied") };
}

/** Nothing that is live must be there: what has expired counts as absent. */
async function removalOf({ bucket, layout }: Parts, marker: string, o: Patience): Promise<DeleteOp> {
  const short = nameIn(layout.expiries, marker);
  const name = isCut(short) ? ((await bucket.readText(marker, o))?.text ?? "") : short;
  const [, space, key] = name.split(" ");
  if (key === undefined || (space !== "records" && space !== "kv" && space !== "system")) throw corrupt(marker);
  return { op: "delete", space, key: readName(key), version: crypto.randomUUID(), ifVersion: null };
}
