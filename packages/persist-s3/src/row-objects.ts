/** Rows as objects, and what whoever meets a lock does about it. */
import type { Bucket, Patience, PutAnswer } from "./bucket.ts";
import { createCoalescer } from "./coalescer.ts";
import { ensureWanted, pauseUpTo } from "./deadline.ts";
import type { KnownRows } from "./known-rows.ts";
import type { Log } from "./log.ts";
import type { OldTombstones } from "./old-tombstones.ts";
import { type Envelope, isRow, type Lock, readEnvelope, type State, writeEnvelope } from "./state.ts";

export interface Found {
  /** `null`: there is no object. */
  readonly etag: string | null;
  readonly state: State;
}

export interface RowObjects {
  /** The state of the row. Where a commit holds it, waits for its end, or ends it. */
  read(place: string, o: Patience): Promise<Found>;
  /** The same without waiting: `undefined` where a commit holds the row and is not decided, unless it is `mine`. */
  peek(place: string, o: Patience, mine?: string): Promise<Found | undefined>;
  /** As `peek`, with one request for all who ask at the same time. For rows that many ask for, such as the catalog of indexes. */
  peekShared(place: string, o: Patience): Promise<Found | undefined>;
  /** Writes what stands there, where it is still what the ETag names. */
  put(place: string, envelope: Envelope, etag: string | null, o: Patience): Promise<PutAnswer>;
  /** Whether the lock of this commit is there, and under which ETag. For whoever does not know whether it has been put. */
  findLock(place: string, commit: string, o: Patience): Promise<string | undefined>;
  /** Takes the lock with this ETag away. */
  unlock(place: string, present: Envelope, etag: string, o: Patience): Promise<void>;
  /** Writes what a decided commit has made of the row, if it still holds it. */
  rollForward(place: string, commit: string, o: Patience): Promise<void>;
}

/** Milliseconds that others have for a commit that they hold keys for, and more for each key. */
const patience = 1000;
const patiencePerKey = 20;
/** Rows whose questions are put together. */
const mostShared = 1000;
/** Between two looks at a lock, in milliseconds. */
const pauses = { first: 8, longest: 64 };

export interface RowObjectsParts {
  readonly bucket: Bucket;
  readonly known: KnownRows;
  readonly log: Log;
  readonly tombstones: OldTombstones;
}

export function createRowObjects({ bucket, known, log, tombstones }: RowObjectsParts): RowObjects {
  const put: RowObjects["put"] = async (place, envelope, etag, o) => {
    const body = writeEnvelope(envelope, place);
    const answer = await bucket.put(place, body, { ...o, ifEtag: etag, contentType: "application/json" });
    if (answer.outcome === "stored" && envelope.lock === undefined) {
      known.set(place, { etag: answer.etag, state: envelope.state });
    } else known.forget(place);
    return answer;
  };

  /** An object cannot be removed under a condition, so one that was only a lock becomes a tombstone. */
  const withoutLock = ({ key, state }: Pick<Envelope, "key" | "state">): Envelope => ({
    key,
    state: state ?? { version: crypto.randomUUID(), deletedAt: Date.now() },
  });

  interface Sight extends Found {
    /** Where the object's key does not tell it. */
    readonly key: string;
    readonly lock?: Lock | undefined;
  }

  const look = async (place: string, o: Patience, mine?: string): Promise<Sight> => {
    for (;;) {
      ensureWanted(o, `read "${place}"`);
      const { era } = log;
      const object = await bucket.readText(place, o);
      if (object === undefined) return { key: "", etag: null, state: undefined };
      const { etag, text } = object;
      const { key = "", state, lock, pending } = readEnvelope(text, place);
      if (lock === undefined) known.set(place, { etag, state });
      if (lock === undefined && state !== undefined && !isRow(state)) tombstones.note(object);
      if (lock === undefined || lock.commit === mine) return { key, etag, state };
      if (lock.slot === undefined) return { key, etag, state, lock };
      await log.refresh(o);
      if (log.era !== era) continue; // what was decided before has been forgotten, and put in its place meanwhile
      const decision = log.decisionOf(lock.commit);
      if (decision === undefined) return { key, etag, state, lock };
      if (decision === "committed") await log.applyBlobs(lock.commit, o);
      const next = decision === "committed" ? { key, state: pending } : withoutLock({ key, state });
      const answer = await put(place, next, etag, o);
      if (answer.outcome === "stored") return { key, etag: answer.etag, state: next.state };
    }
  };

  /** Ends a commit that has not come to its end. */
  const end = async (place: string, { etag, lock, ...present }: Sight, o: Patience) => {
    if (lock?.slot !== undefined) await log.abort(lock.commit, o);
    else if (etag !== null) await put(place, withoutLock(present), etag, o);
  };

  const read: RowObjects["read"] = async (place, o) => {
    let met: { readonly commit: string; readonly at: number } | undefined;
    for (let pause = pauses.first; ; pause = Math.min(pauses.longest, 2 * pause)) {
      const sight = await look(place, o);
      if (sight.lock === undefined) return sight;
      const { commit, keys } = sight.lock;
      if (met?.commit !== commit) met = { commit, at: performance.now() };
      if (performance.now() - met.at < patience + keys * patiencePerKey) await pauseUpTo(pause);
      else await end(place, sight, o);
    }
  };

  const peek: RowObjects["peek"] = async (place, o, mine) => {
    const sight = await look(place, o, mine);
    return sight.lock === undefined ? sight : undefined;
  };

  const shared = new Map<string, RowObjects["peek"]>();

  return {
    read,
    peek,
    peekShared(place, o) {
      let ask = shared.get(place);
      if (ask === undefined) {
        if (shared.size >= mostShared) shared.clear();
        const coalesced = createCoalescer((patience) => peek(place, patience));
        ask = (_, patience) => coalesced(patience);
        shared.set(place, ask);
      }
      return ask(place, o);
    },
    put,
    async findLock(place, commit, o) {
      const object = await bucket.readText(place, o);
      return object !== undefined && readEnvelope(object.text, place).lock?.commit === commit ? object.etag : undefined;
    },
    async unlock(place, present, etag, o) {
      await put(place, withoutLock(present), etag, o);
    },
    async rollForward(place, commit, o) {
      for (;;) {
        const object = await bucket.readText(place, o);
        if (object === undefined) return;
        const { key = "", lock, pending } = readEnvelope(object.text, place);
        if (lock?.commit !== commit) return;
        const answer = await put(place, { key, state: pending }, object.etag, o);
        if (answer.outcome === "stored") return;
      }
    },
  };
}
