/**
 * What a scan saw, in 64 bits and a count: a transaction compares it with what is there when it commits. Versions are random, so nobody can aim at a
 * collision.
 */
export function hashRows(rows: Iterable<{ readonly key: string; readonly version: string }>): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  let count = 0;
  const mix = (text: string) => {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 2654435761);
      b = Math.imul(b ^ unit, 1597334677);
    }
    a = Math.imul(a ^ 0x10000, 2654435761); // no unit: keeps "a"+"bc" and "ab"+"c" apart
    b = Math.imul(b ^ 0x10000, 1597334677);
    a ^= b >>> 13;
    b ^= a >>> 16;
  };
  for (const row of rows) {
    mix(row.key);
    mix(row.version);
    count++;
  }
  return `${count}.${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`;
}
