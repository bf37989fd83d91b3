/** Up to which slot of the log everything is in its place. */
import type { Bucket, Patience } from "./bucket.ts";
import type { Layout } from "./layout.ts";
import { corrupt } from "./state.ts";

export interface Checkpoint {
  readonly slot: number;
  /** Of the last event up to there, and the time of that slot. */
  readonly position: number;
  readonly time: number;
}

export const beginning: Checkpoint = { slot: 0, position: 0, time: 0 };

export async function readCheckpoint(bucket: Bucket, { checkpoint: place }: Layout, o: Patience): Promise<Checkpoint> {
  return (await find(bucket, place, o)).checkpoint;
}

/** Moves it forward; never back, whoever else does the same. */
export async function moveCheckpoint(
  bucket: Bucket,
  { checkpoint: place }: Layout,
  to: Checkpoint,
  o: Patience,
): Promise<void> {
  for (;;) {
    const { checkpoint, etag } = await find(bucket, place, o);
    if (checkpoint.slot >= to.slot) return;
    const answer = await bucket.put(place, JSON.stringify(to), { ...o, ifEtag: etag, contentType: "application/json" });
    if (answer.outcome === "stored") return;
  }
}

async function find(
  bucket: Bucket,
  place: string,
  o: Patience,
): Promise<{ readonly checkpoint: Checkpoint; readonly etag: string | null }> {
  const object = await bucket.readText(place, o);
  if (object === undefined) return { checkpoint: beginning, etag: null };
  try {
    const { slot, position, time } = JSON.parse(object.text) as Checkpoint;
    if ([slot, position, time].every(Number.isFinite)) {
      return { checkpoint: { slot, position, time }, etag: object.etag };
    }
  } catch {
    // Told below.
  }
  throw corrupt(place);
}
