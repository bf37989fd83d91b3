/**
 * Versions are made before anything is sent: 64 random bits, drawn when the store opens, and a counter. So no two writes ever share one, whichever process made
 * them, and a write whose reply was lost is recognised by the version that it left.
 */
export type VersionSource = () => string;

export function createVersionSource(): VersionSource {
  const random = crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
  const prefix = `${random.toString(36)}-`;
  let count = 0;
  return () => `${prefix}${++count}`;
}
