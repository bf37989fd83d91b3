/** Writes of blobs: each by itself, or as a part of a commit of several keys. */
import {
  type Answer,
  type CommitResult,
  type DeleteOp,
  type EngineOptions,
  PersistError,
  type PutOp,
} from "@cuitty/persist-core";
import type { BlobParts } from "./blob-parts.ts";
import type { BlobSources, Sourced } from "./blob-sources.ts";
import { type BlobWrite, valueWith } from "./blob-write.ts";
import { readContent } from "./contents.ts";
import { ensureWanted } from "./deadline.ts";
import { notApplied } from "./errors.ts";
import { briefly, takeAway } from "./giving-up.ts";
import type { Sighting } from "./known-blobs.ts";
import type { BlobPutting } from "./putting-blobs.ts";

export interface PreparedBlob {
  readonly outcome: "prepared";
  readonly write: BlobWrite;
  readonly answer: Answer;
}

export interface BlobCommits {
  commitAlone(op: PutOp | DeleteOp, o: EngineOptions): Promise<CommitResult>;
  prepare(op: PutOp | DeleteOp, o: EngineOptions): Promise<PreparedBlob | { readonly outcome: "conflict" }>;
  giveUp(write: BlobWrite): Promise<void>;
  tell(write: BlobWrite): Answer | undefined;
}

const conflict: CommitResult = { outcome: "conflict", op: 0 };

export function createBlobCommits(parts: BlobParts, sources: BlobSources, putting: BlobPutting): BlobCommits {
  const { bucket, places, sidecars, known, objects, here } = parts;

  const look = async (place: string, o: EngineOptions): Promise<Sighting> => {
    const seen = await objects.look(place, o);
    return seen === undefined ? { etag: null } : { etag: seen.etag, version: seen.row.version, sidecar: seen.sidecar };
  };

  const isMet = ({ etag, version }: Sighting, ifVersion: PutOp["ifVersion"]): boolean =>
    ifVersion === undefined || (ifVersion === null ? etag === null : etag !== null && version === ifVersion);

  /** What is likely to be there, where that can be said without asking. A wrong guess costs a request, of a body a long one. */
  const guess = (place: string, { ifVersion }: PutOp, sourced: Sourced): Sighting | undefined => {
    const sighting = known.get(place);
    if (ifVersion === null) return { etag: null };
    if (ifVersion !== undefined) return sighting?.version === ifVersion ? sighting : undefined;
    if (sighting !== undefined) return sighting;
    return known.guessesNew && "bytes" in sourced ? { etag: null } : undefined;
  };

  const putAlone = async (op: PutOp, o: EngineOptions): Promise<CommitResult> => {
    const place = places.of(op.key);
    const sourced = await sources.make(op, o).catch((error: unknown) => {
      throw notApplied(error);
    });
    if (sourced === undefined) return conflict;
    const isGuess = known.get(place) === undefined && op.ifVersion === undefined;
    let there = guess(place, op, sourced);
    for (let tries = 0; ; tries++) {
      ensureWanted(o, `write "${place}"`);
      there ??= await look(place, o);
      if (isMet(there, op.ifVersion)) {
        const placed = await putting.put(sourced, place, there.etag, o);
        if (placed.outcome === "stored") {
          if (isGuess) known.learn(tries === 0 ? there.etag === null : false);
          return { outcome: "applied", time: o.now, answers: [placed.answer] };
        }
        there = placed.outcome === "gone" ? undefined : known.get(place);
        if (placed.outcome === "refused" && (there === undefined || isMet(there, op.ifVersion))) continue;
      }
      await sources.giveUp(sourced);
      return conflict;
    }
  };

  /** Nobody will ask for them again. */
  const release = ({ content = "" }: PutOp) => {
    const staged = readContent(content);
    if (staged.kind === "memory") here.memory.delete(staged.id);
    if (staged.kind === "sent") here.sent.delete(staged.id);
  };

  const deleteAlone = async ({ key, ifVersion }: DeleteOp, o: EngineOptions): Promise<CommitResult> => {
    const place = places.of(key);
    for (;;) {
      ensureWanted(o, `remove "${place}"`);
      const there = await look(place, o);
      if (!isMet(there, ifVersion)) return conflict;
      if (there.etag === null) return { outcome: "applied", time: o.now, answers: [{ existed: false }] };
      known.forget(place);
      if (!(await bucket.remove(place, { ...o, ifEtag: there.etag }))) continue;
      known.set(place, { etag: null });
      if (there.sidecar !== undefined) await takeAway(sidecars.remove(there.sidecar, briefly()));
      return { outcome: "applied", time: o.now, answers: [{ existed: true }] };
    }
  };

  const prepare: BlobCommits["prepare"] = async (op, o) => {
    const { key } = op;
    const place = places.of(key);
    const { etag, version, sidecar } = await look(place, o);
    if (!isMet({ etag, version }, op.ifVersion)) return { outcome: "conflict" };
    if (op.op === "delete") {
      if (etag === null) return { outcome: "prepared", write: { do: "nothing", key }, answer: { existed: false } };
      const write = { do: "delete", key, place, ifEtag: etag, replaced: sidecar } as const;
      return { outcome: "prepared", write, answer: { existed: true } };
    }
    const sourced = await sources.make(op, o);
    if (sourced === undefined) return { outcome: "conflict" };
    const kept = await sources.keep(sourced, o);
    if (kept === undefined) return { outcome: "conflict" };
    const write = { do: "put", key, place, ifEtag: etag, replaced: sidecar, ...kept } as const;
    return { outcome: "prepared", write, answer: {} };
  };

  return {
    async commitAlone(op, o) {
      try {
        return op.op === "put" ? await putAlone(op, o) : await deleteAlone(op, o);
      } catch (cause) {
        if (!PersistError.is(cause) || cause.outcome !== "unknown") throw cause;
        if (op.op === "put") release(op);
        return { outcome: "unknown", cause };
      }
    },

    prepare: (op, o) =>
      prepare(op, o).catch((error: unknown) => {
        throw notApplied(error);
      }),

    async giveUp(write) {
      if (write.do === "put") await sources.giveUp(write);
    },

    tell(write) {
      if (write.do !== "put") return undefined;
      const { etag, version } = known.get(write.place) ?? {};
      return etag == null || version !== write.version ? undefined : { value: valueWith(write.value, etag) };
    },
  };
}
