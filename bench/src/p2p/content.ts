/** Bytes that do not shrink, the same in every run. */
export function contentOf(bytes: number): Uint8Array {
  const words = new Uint32Array(bytes / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    words[i] = state ^ (state >>> 16);
  }
  return new Uint8Array(words.buffer);
}
