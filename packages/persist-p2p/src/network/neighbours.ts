/** Which of many peers a peer is linked to: the next ones around a ring, so that all are connected, and some others, so that the way is short. */
import { createHash } from "node:crypto";

const onEachSide = 2;
const others = 4;

/** About eight. Of two peers that know the same others each chooses the other one, or neither does. */
export function chooseNeighbours(self: string, peers: readonly string[]): ReadonlySet<string> {
  const ring = [...new Set([...peers, self])].sort();
  const place = ring.indexOf(self);
  const chosen = new Set<string>();
  for (let step = 1; step <= onEachSide; step++) {
    for (const at of [place + step, place - step + ring.length]) chosen.add(ring[at % ring.length] as string);
  }
  const share = others / ring.length;
  for (const peer of ring) if (chance(self, peer) < share) chosen.add(peer);
  chosen.delete(self);
  return chosen;
}

/** Of each pair, from 0 to 1, the same on both sides. */
function chance(a: string, b: string): number {
  const [first, second] = a < b ? [a, b] : [b, a];
  return createHash("sha256").update(`${first} ${second}`).digest().readUInt32BE(0) / 2 ** 32;
}
