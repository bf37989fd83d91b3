/** What uploader.ts uploads. */
export const uploadSize = 12_000_000;

export function uploadedBytes(start: number, end: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: end - start }, (_, i) => ((start + i) * 31 + ((start + i) >> 8) + seed) & 0xff);
}
