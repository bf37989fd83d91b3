/** Up to which time all is here that a peer has written: it tells its clock from time to time, with how far it has written, and that counts once it was read as far. */
export interface Heard {
  /** The peer has said that all it wrote up to this time (milliseconds since the epoch, by its own clock) is at this place or before. */
  told(place: number, time: number): void;
  /** 0: nothing is known yet. */
  upTo(): number;
}

interface Telling {
  readonly place: number;
  readonly time: number;
}

/** `reached`: how far it has been read. */
export function createHeard(reached: () => number): Heard {
  let time = 0;
  /** The earliest that was not read as far, and the latest: with one alone, somebody who writes on and on would never be heard of. */
  let next: Telling | undefined;
  let last: Telling | undefined;

  const settle = (): void => {
    while (next !== undefined && next.place <= reached()) {
      time = Math.max(time, next.time);
      next = last;
      last = undefined;
    }
  };

  return {
    told(place, at) {
      settle();
      if (next === undefined) next = { place, time: at };
      else last = { place, time: at };
    },
    upTo() {
      settle();
      return time;
    },
  };
}
