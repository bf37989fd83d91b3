/**
 * Conditions that the server does not judge: whoever writes under one is alone with the key in this process, looks at what is there, and writes without it. Between processes that
 * is worth nothing, and `enforced` tells.
 */
import type { Bucket, IfEtag, Patience, PutAnswer } from "./bucket.ts";
import { type ConditionHeaders, headersOf } from "./conditions.ts";
import { toPersistError } from "./errors.ts";
import type { Sending } from "./sending.ts";

export interface Emulation {
  /** Writes under the condition, be it judged by the server or here. `write` gets the headers that the server is to judge. */
  guarded(
    key: string,
    ifEtag: IfEtag,
    enforced: boolean,
    o: Patience,
    write: (conditions: ConditionHeaders) => Promise<PutAnswer>,
  ): Promise<PutAnswer>;
}

export function createEmulation(sending: Sending, head: Bucket["head"]): Emulation {
  const { findings, turns, place } = sending;
  const { puts, deletes, copies, completions } = findings.enforced;
  const allEnforced = puts && deletes && copies && completions;

  return {
    async guarded(key, ifEtag, enforced, o, write) {
      if (allEnforced) return await write(headersOf(ifEtag, findings));
      const isJudgedHere = ifEtag !== undefined && !enforced;
      const turn = async (): Promise<PutAnswer> => {
        if (!isJudgedHere) return await write(headersOf(ifEtag, findings));
        const there = await head(key, o);
        return (there?.etag ?? null) === ifEtag ? await write({}) : { outcome: "refused", doubtful: false };
      };
      const late = (error: unknown) => {
        throw toPersistError(error, { attempt: `write "${key}"`, place, doubtful: false, times: 0 });
      };
      return await turns(key, isJudgedHere, o, turn).catch(late);
    },
  };
}
