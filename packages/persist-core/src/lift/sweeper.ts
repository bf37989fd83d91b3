/**
 * Sweeps behind the back of whoever writes, so that no timer is needed and an idle store does nothing. What is due is not known before everything was listed once, which is done at
 * most once a day here, or as soon as somebody watches. What fails is tried again an hour later: nothing depends on it.
 */
import type { EngineOptions } from "../contract.ts";
import type { OpenScope } from "./open-scope.ts";
import { waitFor } from "./patience.ts";
import { type SweepOptions, sweepStep } from "./sweep.ts";

export interface Sweeper {
  /** Begins to sweep, if it is time and nobody does. */
  nudge(now: number): void;
  /** One step, now. */
  step(o: EngineOptions): Promise<{ readonly more: boolean }>;
  /** Sweeps no more. Resolves when no call is under way, or none that ends. */
  stop(): Promise<void>;
}

const hour = 60 * 60 * 1000;
const day = 24 * hour;
/** How long the end waits for a call that is under way, in milliseconds. */
const longestEnd = 5000;

export function createSweeper(scope: OpenScope): Sweeper {
  const { ledger, stale, unnamed } = scope;
  let sweeping: Promise<void> | undefined;
  let stepping: Promise<unknown> = Promise.resolve();
  let stopped = false;
  /** A sweep that fails is tried again, but not by every commit. */
  let notBefore = Number.NEGATIVE_INFINITY;

  /** One after the other. */
  const step = (o: SweepOptions): Promise<boolean> => {
    const mine = stepping.then(() => !stopped && sweepStep(scope, o, () => stopped));
    stepping = mine.catch(() => undefined);
    return mine;
  };

  const isListingDue = (now: number) => ledger.sweptAt + day <= now;

  const isDue = (now: number) =>
    unnamed.due(now).length > 0 || isListingDue(now) || (stale.isKnown(now) && stale.due(now, 1).length > 0);

  /** A sweep is nobody's call: it waits as long as it takes. */
  const sweep = async (now: number) => {
    const mayList = isListingDue(now);
    while (await step({ now, deadline: Number.POSITIVE_INFINITY, mayList }));
    if (mayList && !stopped) await noteSwept(now);
  };

  const noteSwept = (now: number) =>
    scope.lock.exclusive(
      async () => {
        await scope.journal.settle();
        await ledger.noteSwept(now);
      },
      { deadline: Number.POSITIVE_INFINITY },
    );

  return {
    nudge(now) {
      if (stopped || sweeping !== undefined || now < notBefore || !isDue(now)) return;
      sweeping = sweep(now)
        .catch(() => {
          notBefore = now + hour;
        })
        .finally(() => {
          sweeping = undefined;
        });
    },
    step: async (o) => ({ more: await step({ ...o, mayList: true }) }),
    async stop() {
      stopped = true;
      const patience = { deadline: performance.now() + longestEnd };
      await waitFor(Promise.all([sweeping, stepping]), patience).catch(() => undefined);
    },
  };
}
