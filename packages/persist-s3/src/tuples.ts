/** Tuples of bytes as part of keys, in the same order: six bits a character, of an alphabet that ascends. What separates them from what follows, a space, is less than all of it. */
const alphabet = "0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
const numbers = new Map(Array.from(alphabet, (character, number) => [character, number]));

export function writeTuple(tuple: Uint8Array): string {
  let text = "";
  let bits = 0;
  let count = 0;
  for (const byte of tuple) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 6; count -= 6) text += alphabet[(bits >> (count - 6)) & 63];
    bits &= (1 << count) - 1;
  }
  return count === 0 ? text : text + alphabet[(bits << (6 - count)) & 63];
}

export function readTuple(text: string): Uint8Array {
  const tuple = new Uint8Array(Math.floor((text.length * 6) / 8));
  let bits = 0;
  let count = 0;
  let end = 0;
  for (const character of text) {
    bits = (bits << 6) | (numbers.get(character) ?? 0);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    tuple[end++] = bits >> count;
    bits &= (1 << count) - 1;
  }
  return tuple;
}
