/** Blobs under other keys, and whether they are still what they were. */
import type { BlobInfo, Blobs } from "../api/blobs.ts";
import type { Condition, OpOptions } from "../api/operations.ts";
import { type Attempt, type Attempts, attemptOf } from "../attempts.ts";
import { beginCall, type Call, renewed } from "../calls.ts";
import { parseCondition } from "../conditions.ts";
import type { PutOp, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Applied, LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { readOne } from "../reading.ts";
import { storedContent } from "./blob-content.ts";
import { type Etag, ensureConditions, versionFor } from "./blob-etags.ts";
import { conditionNames, parseFacts, storedFacts, toInfo } from "./blob-facts.ts";

export function createCopying(gate: LiveGate, attempts: Attempts): Pick<Blobs, "copy" | "move" | "verify"> {
  const source = async (key: string, call: Call): Promise<Row> => {
    const row = await readOne(gate, "blobs", key, call);
    if (row !== undefined) return row;
    const { operation } = call;
    throw new PersistError("NOT_FOUND", `${operation}: there is no blob "${key}".`, { operation, key });
  };

  /**
   * Gives the target what is at `from`, by whatever `commit` makes of it. Begins anew with what is there then, where it or the target was changed meanwhile.
   */
  const transfer = (
    operation: string,
    from: string,
    to: string,
    o: (OpOptions & Condition) | undefined,
    commit: (row: Row, put: Omit<PutOp, "content">, call: Call) => Promise<Applied>,
  ): Promise<BlobInfo> => {
    checkKey(from, "source key");
    checkKey(to, "target key");
    const call = beginCall(operation, to, o, conditionNames);
    const etag: Etag = parseCondition(operation, o);
    ensureConditions(gate, etag, call);
    return attempts.run(gate, call, undefined, async () => {
      const row = await source(from, call);
      const ifVersion = await versionFor(gate, etag, to, call);
      const facts = parseFacts(row);
      if (from === to) return { value: toInfo(from, facts, row.updatedAt) };
      const put = { op: "put", space: "blobs", key: to, value: row.value, version: gate.version(), ifVersion } as const;
      const applied = await attemptOf(commit(row, put, call));
      if ("conflict" in applied) return applied;
      const { time, answers } = applied.value;
      return { value: toInfo(to, storedFacts(facts, answers[0]), time) };
    });
  };

  const verify = async (key: string, call: Call): Promise<Attempt<boolean>> => {
    const row = await source(key, call);
    try {
      for await (const _ of storedContent(gate, row, call));
      return { value: true };
    } catch (error) {
      if (PersistError.is(error, "CORRUPT")) return { value: false };
      if (!PersistError.is(error, "CONFLICT")) throw error;
      // Its bytes are gone: because it was replaced, or because they were lost.
      const now = await readOne(gate, "blobs", key, call);
      return now?.version === row.version ? { value: false } : { conflict: error };
    }
  };

  return {
    async copy(from, to, o) {
      return transfer("blobs.copy", from, to, o, async (row, put, call) => {
        const content =
          gate.copy === undefined
            ? (await gate.stage(storedContent(gate, row, call), undefined, call)).token
            : await gate.copy(row, call);
        try {
          return await gate.commit([{ ...put, content }], renewed(call));
        } catch (error) {
          // Where the commit may have happened, the bytes may be in use; and those of the source always are.
          const isUnused = !PersistError.is(error) || error.outcome !== "unknown";
          if (isUnused && content !== row.content) await gate.discard(content);
          throw error;
        }
      });
    },

    async move(from, to, o) {
      return transfer("blobs.move", from, to, o, (row, put, call) =>
        gate.commit(
          [
            { ...put, content: row.content ?? undefined },
            { op: "delete", space: "blobs", key: from, version: gate.version(), ifVersion: row.version },
          ],
          call,
        ),
      );
    },

    async verify(key, o) {
      checkKey(key);
      const call = beginCall("blobs.verify", key, o);
      return attempts.run(gate, call, undefined, () => verify(key, call));
    },
  };
}
