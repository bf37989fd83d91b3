import { setTimeout as delay } from "node:timers/promises";

/** Waits as long as bytes of this number take at this speed; not at all where there is none. */
export async function pace(bytes: number, bytesPerSecond: number | undefined): Promise<void> {
  if (bytesPerSecond !== undefined) await delay((bytes / bytesPerSecond) * 1000, undefined, { ref: false });
}

/** In pieces that a slow line moves ten times a second. */
export function* piecesAtPace(piece: Buffer, bytesPerSecond: number | undefined): Iterable<Buffer> {
  const most = bytesPerSecond === undefined ? piece.length : Math.max(1, Math.floor(bytesPerSecond / 10));
  for (let start = 0; start < piece.length; start += most) yield piece.subarray(start, start + most);
}
