/**
 * What this process knows of the places where its stores are, so that a store which is opened again asks nothing, and all stores of one bucket take turns at its keys. It is
 * forgotten some time after the last store was closed: by then something else may answer there.
 */
import type { Findings } from "./findings.ts";
import { createTurns, type Turns } from "./key-turns.ts";

export interface Visited {
  readonly findings: Findings;
  readonly turns: Turns;
  /** Once is enough. */
  leave(): void;
}

interface Place {
  readonly turns: Turns;
  /** By the prefix of the keys. */
  readonly findings: Map<string, Promise<Findings>>;
  visitors: number;
  /** By `performance.now()`: when the last one left. */
  leftAt: number;
}

/** Milliseconds. */
const rememberedFor = 10_000;

const places = new Map<string, Place>();

/** `find` is asked where nothing is known. */
export async function visit(address: string, prefix: string, find: () => Promise<Findings>): Promise<Visited> {
  for (const [name, { visitors, leftAt }] of places) {
    if (visitors === 0 && performance.now() - leftAt > rememberedFor) places.delete(name);
  }
  const place = places.get(address) ?? { turns: createTurns(), findings: new Map(), visitors: 0, leftAt: 0 };
  places.set(address, place);
  place.visitors += 1;
  let isLeft = false;
  const leave = (): void => {
    if (isLeft) return;
    isLeft = true;
    place.visitors -= 1;
    place.leftAt = performance.now();
  };
  try {
    // What another has failed to find may be found with other credentials.
    for (let failed: Promise<Findings> | undefined; ; ) {
      const known = place.findings.get(prefix);
      if (known === undefined || known === failed) break;
      const findings = await known.catch(() => undefined);
      if (findings !== undefined) return { findings, turns: place.turns, leave };
      failed = known;
    }
    const finding = find();
    place.findings.set(prefix, finding);
    return { findings: await finding, turns: place.turns, leave };
  } catch (error) {
    leave();
    throw error;
  }
}
