/** Reading a peer once more, from where all of it is here: because some of what it had was not to be had, or not to be taken yet. */
import type { Peering } from "./peering.ts";

export interface AnotherReading {
  /** There is a reason for it. */
  plan(): void;
  isDue(): boolean;
  begin(): void;
  end(): void;
}

/** The pause doubles with each, up to so many times what it was. */
const longest = 20;

export function createAnotherReading({ shared, link, wake }: Peering): AnotherReading {
  const { scheduler, limits } = shared;
  let state: "none" | "planned" | "due" = "none";
  let backoff = 1;
  let cancel = (): void => undefined;

  return {
    plan() {
      if (link.limited || state !== "none") return;
      state = "planned";
      cancel = scheduler.after(limits.retry * backoff, () => {
        state = "due";
        wake();
      });
    },
    isDue: () => state === "due",
    begin() {
      state = "none";
      backoff = Math.min(backoff * 2, longest);
    },
    end: () => cancel(),
  };
}
