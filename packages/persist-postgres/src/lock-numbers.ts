/** Numbers of advisory locks. All schemas of a database share these locks, so that each schema has numbers of its own. */
import type { Locks } from "./connection.ts";

export const locksOf = (schema: string): Locks => ({
  scope: numberOf(schema, "scope"),
  log: numberOf(schema, "log"),
  migration: numberOf(schema, "migration"),
  listening: numberOf(schema, "listening"),
});

/** FNV-1a, as a signed number of 32 bits: the same for every process and every version of this package. */
function numberOf(schema: string, purpose: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`persist/${schema}/${purpose}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
