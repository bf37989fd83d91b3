/** Handing one event to the handler, at least once or with an effect that happens once. */
import type { ConsumerHandler } from "../api/consumers.ts";
import type { EventRow } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { toEvent } from "../stored-event.ts";
import type { RepeatTransaction } from "../transaction/run.ts";
import { type Hold, type Lease, notOurs } from "./lease.ts";
import type { ConsumerSettings } from "./settings.ts";

/** What the handler has thrown; `undefined`: all went well. Other errors are thrown. */
export type Failure = { readonly error: unknown } | undefined;

export type Deliver = (event: EventRow, attempt: number) => Promise<Failure>;

export function createDelivery(
  settings: ConsumerSettings,
  handler: ConsumerHandler,
  lease: Lease,
  repeat: RepeatTransaction,
): Deliver {
  const deliver: Deliver = async (event, attempt) => {
    try {
      await handler(toEvent(event), { attempt });
      return undefined;
    } catch (error) {
      return { error };
    }
  };

  /** The checkpoint is written last, and nobody renews the lease between that and the commit. */
  const deliverOnce: Deliver = async (event, attempt) => {
    let failure: Failure;
    let hold: Hold | undefined;
    try {
      await repeat(async (tx, gate) => {
        hold?.end();
        hold = undefined;
        failure = undefined;
        try {
          await handler(toEvent(event), { tx, attempt });
        } catch (error) {
          failure = { error };
          throw error;
        }
        hold = await lease.hold();
        await hold.write(gate, event.position);
      }, settings.begin);
      hold?.confirm();
      return undefined;
    } catch (error) {
      if (failure !== undefined) return failure;
      // What it may have come to is found out before anything else is done.
      if (hold !== undefined && (await hold.findOut())) return undefined;
      if (error === notOurs) return undefined;
      // What the handler asked for cannot be committed, now or later: that is its failure.
      if (PersistError.is(error) && !error.retryable && error.outcome === "not-applied" && error.code !== "CLOSED")
        return { error };
      throw error;
    } finally {
      hold?.end();
    }
  };

  return settings.exactlyOnce ? deliverOnce : deliver;
}
