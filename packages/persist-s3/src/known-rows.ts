/**
 * What this process has last seen of rows, with the ETags under which they can be written without reading them first. It may be out of date: whoever writes by it finds out, because the write is
 * refused. What is read for a user is never taken from here.
 */
import type { State } from "./state.ts";

export interface Known {
  /** `null`: there is no object. */
  readonly etag: string | null;
  readonly state: State;
}

export interface KnownRows {
  get(place: string): Known | undefined;
  set(place: string, known: Known): void;
  forget(place: string): void;
  /** Whether to try a key of which nothing is known as a new one: as long as that mostly goes well. */
  readonly guessesNew: boolean;
  /** How a guess went, or what a reading found instead. */
  learn(isNew: boolean): void;
}

const most = 10_000;
/** UTF-16 units of all values together, and of one that is worth keeping. */
const mostText = 8_000_000;
const longest = 32_768;

const trust = { best: 8, loss: 3 };

export function createKnownRows(): KnownRows {
  const rows = new Map<string, Known>();
  let text = 0;
  let score = 0;

  const lengthOf = (known: Known | undefined) =>
    known?.state !== undefined && "value" in known.state ? known.state.value.length : 0;

  const forget = (place: string) => {
    text -= lengthOf(rows.get(place));
    rows.delete(place);
  };

  return {
    get: (place) => rows.get(place),
    set(place, known) {
      forget(place);
      if (lengthOf(known) > longest) return;
      rows.set(place, known);
      text += lengthOf(known);
      for (const [oldest] of rows) {
        if (rows.size <= most && text <= mostText) break;
        forget(oldest);
      }
    },
    forget,
    get guessesNew() {
      return score >= 0;
    },
    learn(isNew) {
      score = isNew ? Math.min(trust.best, score + 1) : Math.max(-trust.best, score - trust.loss);
    },
  };
}

/** What the row is taken to be, to spare reading it: what was last seen of it, or a new one. */
export function presume(known: KnownRows, place: string): Known | undefined {
  return known.get(place) ?? (known.guessesNew ? { etag: null, state: undefined } : undefined);
}
