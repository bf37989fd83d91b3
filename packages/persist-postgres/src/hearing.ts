/**
 * Whether notifications arrive. Behind some poolers LISTEN succeeds and nothing ever comes, and over a dead link nothing comes any more: only what was heard proves the contrary, and be it a word of
 * our own. Time is counted in beats of a timer, so that a process which stood still for a while takes nothing for lost that only waits to be read.
 */
export interface Hearing {
  readonly isProven: boolean;
  /** Notifications come from now on, if they come at all: the connection that listens has been made. */
  begin(): void;
  /** A word of our own sets out. */
  sending(): void;
  /** It did not get through. */
  failed(): void;
  heard(): void;
  /** To be called at each beat. */
  beat(): void;
}

export interface HearingOptions {
  /** How many beats a word of our own may take, and how many of silence there may be until one is asked for. */
  readonly beats: { readonly answer: number; readonly silence: number };
  /** Sends a word of our own. */
  ask(): void;
  /** Where notifications did arrive, they do not any more. */
  onLost(): void;
}

export function createHearing({ beats, ask, onLost }: HearingOptions): Hearing {
  let isListening = false;
  let isProven = false;
  let silence = 0;
  /** Beats since the first word that has not been heard. */
  let waiting: number | undefined;

  return {
    get isProven() {
      return isProven;
    },
    begin() {
      isListening = true;
      isProven = false;
      silence = 0;
      waiting = undefined;
      ask();
    },
    sending() {
      if (isListening) waiting ??= 0;
    },
    failed() {
      waiting = undefined;
    },
    heard() {
      isProven = true;
      silence = 0;
      waiting = undefined;
    },
    beat() {
      if (!isListening) return;
      if (waiting === undefined) {
        if (++silence % beats.silence === 0) ask();
      } else if (++waiting > beats.answer) {
        waiting = undefined;
        silence = 0;
        if (!isProven) return;
        isProven = false;
        onLost();
      }
    },
  };
}
