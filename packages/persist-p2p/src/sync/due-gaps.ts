/** Which gaps it is time to close: those that nobody else is about to fill. */
import type { Gap } from "./ledger.ts";
import type { Relayed } from "./messages.ts";
import type { Peering } from "./peering.ts";

export interface DueGaps {
  /** The first ones in a row; `undefined` where none is due. The link is looked after when the next one is. */
  of(gaps: readonly Gap[]): readonly Gap[] | undefined;
  end(): void;
}

export function createDueGaps({ shared, wake }: Peering): DueGaps {
  const { scheduler, limits } = shared;
  let cancel: (() => void) | undefined;

  const isDue = ({ relayed, since }: Gap): boolean => {
    const isComing = ({ via, viaPlace }: Relayed): boolean => viaPlace !== undefined && shared.isRead(via);
    const patience = relayed.every(isComing) ? limits.patience : shared.isGathering() ? limits.gathering : 0;
    const wait = since + patience - scheduler.now();
    if (wait <= 0) return true;
    cancel ??= scheduler.after(wait, () => {
      cancel = undefined;
      wake();
    });
    return false;
  };

  return {
    of(gaps) {
      const first = gaps.findIndex(isDue);
      if (first < 0) return undefined;
      const end = gaps.findIndex((gap, i) => i > first && !isDue(gap));
      return gaps.slice(first, end < 0 ? undefined : end);
    },
    end: () => cancel?.(),
  };
}
