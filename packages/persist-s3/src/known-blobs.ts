/**
 * Under which ETags this process has last seen blobs, so that they can be written without being looked at first. It may be out of date: then the write is refused. What is read for a user is never taken from here.
 */
export interface Sighting {
  /** `null`: there is no object. */
  readonly etag: string | null;
  /** `undefined`: there is none, or nobody has asked. */
  readonly version?: string | undefined;
  /** The token of its sidecar. */
  readonly sidecar?: string | undefined;
}

export interface KnownBlobs {
  get(place: string): Sighting | undefined;
  set(place: string, sighting: Sighting): void;
  forget(place: string): void;
  /** Whether to try a key of which nothing is known as a new one: as long as that mostly goes well. */
  readonly guessesNew: boolean;
  learn(wasNew: boolean): void;
}

const most = 10_000;
const trust = { best: 8, loss: 3 };

export function createKnownBlobs(): KnownBlobs {
  const sightings = new Map<string, Sighting>();
  let score = 0;
  return {
    get: (place) => sightings.get(place),
    set(place, sighting) {
      sightings.delete(place);
      sightings.set(place, sighting);
      const [oldest] = sightings.keys();
      if (sightings.size > most && oldest !== undefined) sightings.delete(oldest);
    },
    forget: (place) => void sightings.delete(place),
    get guessesNew() {
      return score >= 0;
    },
    learn(wasNew) {
      score = wasNew ? Math.min(trust.best, score + 1) : Math.max(-trust.best, score - trust.loss);
    },
  };
}
