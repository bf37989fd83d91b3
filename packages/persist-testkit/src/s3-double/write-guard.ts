/** Conditions of a write whose body takes a while: they hold where it is done, and what came between is told apart. */
import { setTimeout as delay } from "node:timers/promises";
import type { StoredObject } from "./bucket.ts";
import { checkWrite, hasConditions, lostRaceTo409, type WriteConditions } from "./conditions.ts";
import type { Profile } from "./profile.ts";
import { S3Error } from "./s3-error.ts";

export interface WriteGuard {
  /** As long as the condition has been looked at and the write is not yet done: what comes between loses a race. */
  window(): Promise<void>;
  /** @throws S3Error where the write must not be done. */
  check(stored: StoredObject | undefined): void;
}

/** Milliseconds that a store with disks and a network behind it takes for a write. */
const latency = 2;

/** @param stored - The object when the request came. */
export function guardWrite(
  stored: StoredObject | undefined,
  conditions: WriteConditions,
  profile: Profile,
  heedsConditions: boolean,
): WriteGuard {
  if (!heedsConditions || !hasConditions(conditions)) return { window: async () => {}, check: () => {} };
  const heldAtFirst = holds(stored, conditions, profile);
  return {
    async window() {
      if (profile.lostRace !== "412") await delay(latency);
    },
    check(now) {
      try {
        checkWrite(conditions, now, profile);
      } catch (error) {
        if (heldAtFirst && now !== stored) throw lostRace(conditions, profile) ?? error;
        throw error;
      }
    },
  };
}

function lostRace({ ifMatch }: WriteConditions, profile: Profile): S3Error | undefined {
  if (profile.lostRace === "409") return lostRaceTo409();
  // Ceph has an answer of its own for this, and none for whoever finds a key taken.
  if (profile.lostRace === "500" && ifMatch !== undefined) return new S3Error(500, "UnknownError", "UnknownError");
  return undefined;
}

function holds(stored: StoredObject | undefined, conditions: WriteConditions, profile: Profile): boolean {
  try {
    checkWrite(conditions, stored, profile);
    return true;
  } catch {
    return false;
  }
}
