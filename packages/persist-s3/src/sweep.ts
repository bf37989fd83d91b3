/** One bounded step of what happens in the background: rows that have expired become tombstones, the checkpoint follows the log, and bytes that no blob is made of go. */
import type { EngineOptions } from "@cuitty/persist-core";
import { removeExpired } from "./expiring.ts";
import type { Parts } from "./parts.ts";

/** Rows in one step. */
const most = 200;

export async function sweep(
  parts: Parts,
  o: EngineOptions,
): Promise<{ readonly more: boolean; readonly took: boolean }> {
  const { due, took } = await removeExpired(parts, most, o);
  const behind = await parts.settling.step(o);
  const unused = await parts.blobs.sweep(o);
  const older = await parts.tombstones.remove(o);
  return { more: due === most || behind || unused.more || older, took };
}
