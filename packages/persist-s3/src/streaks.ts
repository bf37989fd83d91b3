/**
 * Who has just written an object knows its ETag and needs one request to write it again, where all others need two, to read it first. Without more, one writer would go on for as long as it likes,
 * and the others would come to nothing. So whoever has won several times on end makes way, for as long as another one needs.
 */
interface Streak {
  readonly wins: number;
  /** With so many wins it ends. */
  readonly longest: number;
  /** Of the last win, by `performance.now()`. */
  readonly endedAt: number;
  /** How long the last winning put took, in milliseconds. */
  readonly took: number;
}

export interface Streaks {
  /** Before a write: waits where it is the others' turn. */
  makeWay(place: string): Promise<void>;
  /** `began`: when the winning put was sent, by `performance.now()`. */
  won(place: string, began: number): void;
  lost(place: string): void;
}

/** Making way costs about a tenth of so many puts, and nobody else may be there. Where somebody is, the turns are short. */
const longest = { alone: 32, among: 4 };
/** Places that are remembered; at any other, a streak begins anew. */
const most = 256;

/** `turn`: what another one needs to come to its own put and make it, in puts, with something to spare. */
export function createStreaks(turn: number): Streaks {
  const streaks = new Map<string, Streak>();

  const set = (place: string, streak: Streak) => {
    streaks.delete(place);
    streaks.set(place, streak);
    for (const [oldest] of streaks) {
      if (streaks.size <= most) break;
      streaks.delete(oldest);
    }
  };

  return {
    async makeWay(place) {
      const streak = streaks.get(place);
      if (streak === undefined || streak.wins < streak.longest) return;
      streaks.delete(place);
      const pause = turn * streak.took - (performance.now() - streak.endedAt);
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    },
    won(place, began) {
      const now = performance.now();
      const { wins, longest: limit } = streaks.get(place) ?? { wins: 0, longest: longest.alone };
      set(place, { wins: wins + 1, longest: limit, endedAt: now, took: now - began });
    },
    lost: (place) => set(place, { wins: 0, longest: longest.among, endedAt: 0, took: 0 }),
  };
}
