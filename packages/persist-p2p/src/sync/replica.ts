/**
 * What the sync engine needs of a store. To it everything is opaque but ids, marks and places. All of it answers at once: the data is in a local file, and each call is short by
 * its bounds.
 */

export interface Replica {
  /** Names this copy of the data: 32 lower-case hex digits. Another one after a restore from a backup, see {@link Replica.restored}. */
  readonly id: string;
  /** Names the log to which this copy appends its own events: 32 lower-case hex digits, a key of {@link vector}. Another one after {@link Replica.restored}. */
  readonly author: string;
  /** The place of the last commit. Places are positive safe integers that grow with each commit, with gaps; 0 before the first. */
  head(): number;
  /** All that was written here with stamps up to this time (milliseconds since the epoch) is at this place or before. `undefined`: that cannot be told now, as another process is writing. */
  present(): { readonly place: number; readonly time: number } | undefined;
  /** Everything that was removed before this time (milliseconds since the epoch) may be forgotten here; 0 where nothing is. */
  floor(): number;
  /** How many of the author's events are here, for each author (32 lower-case hex digits): the first so many of its log, without gaps. */
  vector(): ReadonlyMap<string, number>;

  /**
   * Whole commits after the place, in their order, at least one where there is one, and then as many as fit in `bytes`. What was read from `without` is left out; `place` passes over it, and is {@link head}, or `upTo`, where there is no more.
   */
  commitsAfter(place: number, o: CommitsWanted): CommitPage;
  /**
   * Of whole commits after the place, and not after another one, those that were read from others than `without`: what they are, without bodies. About as many rows as are asked for at once, and at least a commit where there is one.
   */
  relayedAfter(place: number, o: RelayedWanted): RelayedPage;
  /** The rows with these ids; without those that are not here, and those that a commit after `upTo` has changed. */
  rows(ids: readonly Uint8Array[], upTo?: number): readonly Item[];
  /** Those that are not here with the same mark: what to ask for of what a peer offers. */
  lacking(offered: readonly Marked[]): readonly Marked[];
  /**
   * Of rows that a peer does not have: those that it sent or once confirmed to hold, and that are older than its floor were removed there, longer ago than it is remembered. They are removed here too; the rest is
   * answered, for the peer to be told of.
   */
  unlessRemoved(rows: readonly Marked[], peer: string, floor: number): readonly Marked[];
  /** Events of these authors after these numbers, each author's in order, as many as fit in `bytes` (at least one where there is one). Of authors that are not named: from the first. None of commits after `upTo`. */
  eventsAfter(
    vector: ReadonlyMap<string, number>,
    bytes: number,
    upTo?: number,
  ): { readonly items: readonly Item[]; readonly more: boolean };

  /** Of all rows whose id starts with the first `nibbles` (0 to 32) half bytes of the prefix. */
  fingerprint(prefix: Uint8Array, nibbles: number): Fingerprint;
  /** The same of each of the sixteen prefixes that are one half byte longer (so `nibbles` is 31 at most). */
  fingerprints(prefix: Uint8Array, nibbles: number): readonly Fingerprint[];
  /** The ids and marks of the same rows, ascending by id, at most `limit`: callers ask where the count is small. */
  marks(prefix: Uint8Array, nibbles: number, limit: number): readonly Marked[];

  /** How far the peer's commits have been read here: a place of its. `undefined`: never, or by a copy that is not this one. */
  readUpTo(peer: string): number | undefined;
  /** Remembers that the peer has confirmed to hold everything up to this place of ours; need not be durable at once. */
  confirmed(peer: string, place: number): void;

  /**
   * Stores what a peer has sent, in one transaction, and merges it with what is here. Durable when it returns. Items that are here already change nothing. `place`: what is then
   * remembered as {@link readUpTo}, in the same transaction, unless that is further already; left out while sets are reconciled. A call that changes nothing but the place is no
   * commit: it neither moves {@link head} nor calls {@link onCommit}.
   *
   * @throws {ReplicaRefusal} for items that no honest peer sends; nothing is stored then.
   */
  apply(items: readonly Item[], from: { readonly peer: string; readonly place?: number | undefined }): Applied;

  /** Bytes of a blob that {@link Applied.missing} named, for a peer that asks: a chunk of at most 256 KiB from `offset`; `undefined` where they are not here. */
  chunk(digest: string, offset: number): Uint8Array | undefined;
  /** How many bytes of the blob have come so far. */
  received(digest: string): number;
  /** Stores the next chunk. Complete bytes are verified: `"corrupt"` has thrown all of them away. */
  receive(wanted: WantedBlob, offset: number, bytes: Uint8Array): "more" | "complete" | "corrupt";

  /** Tells that this copy was restored from a backup: a peer has read further than {@link head}, or knows more of our events than we do. Takes a new id and a new author. */
  restored(): void;
  /** Calls back after commits, its own and others'. Returns the unsubscriber. */
  onCommit(listener: () => void): () => void;
}

/** A row or an event, with its present state. */
export interface Item {
  readonly kind: "row" | "event";
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** 8 bytes: rows with the same mark have the same state. 0 bytes of events, and of what has come from a peer. */
  readonly mark: Uint8Array;
  /** At most 4 MiB. */
  readonly body: Uint8Array;
}

export interface Marked {
  readonly id: Uint8Array;
  readonly mark: Uint8Array;
}

export interface CommitsWanted {
  readonly bytes: number;
  /** A replica. */
  readonly without: string;
  /** No commits after this place. Default: up to the last one. */
  readonly upTo?: number;
  /** Of commits that were read from another replica it is only told that they are there: they have no items. Default: they have. */
  readonly ownItemsOnly?: boolean;
}

export interface CommitPage {
  readonly commits: readonly Commit[];
  /** Go on here. */
  readonly place: number;
  readonly more: boolean;
}

export interface RelayedWanted {
  /** A replica. */
  readonly without: string;
  /** No commits after this place. */
  readonly upTo: number;
}

export interface RelayedPage {
  readonly marks: readonly Marked[];
  /** Whether there are events. */
  readonly events: boolean;
  /** Go on here. */
  readonly place: number;
}

export interface Commit {
  readonly place: number;
  /**
   * The replica from which all of it was read, exactly as it is now; `undefined` where it was made here. What a merge has made of a peer's state and another one is made here, and goes back to that peer too.
   */
  readonly from: string | undefined;
  readonly items: readonly Item[];
}

export interface Fingerprint {
  readonly count: number;
  /** 8 bytes: the sum of the marks as big-endian numbers, modulo 2^64. */
  readonly sum: Uint8Array;
}

export interface Applied {
  /** Rows that are applied only once these bytes are here; nothing of the call was stored where there is one, and it is to be made again. */
  readonly missing: readonly WantedBlob[];
  /** Items that changed something here. */
  readonly changed: number;
  /** Some was left out, because its stamps are more than five minutes ahead, and the place was not remembered; the rest was stored. */
  readonly ahead?: Ahead | undefined;
  /** Events that lack those before them: nothing of the call was stored; read events by the vector first. */
  readonly gap?: true | undefined;
}

export interface Ahead {
  /** Milliseconds. */
  readonly by: number;
  /** Of events that were left out. What follows them in the same log is ahead too. */
  readonly authors: readonly string[];
}

export interface WantedBlob {
  /** Lower-case hex of the SHA-256 of all bytes. */
  readonly digest: string;
  readonly size: number;
}

/** What a peer sent is not what peers send: malformed, too large, or contradicting itself. */
export class ReplicaRefusal extends Error {
  override readonly name = "ReplicaRefusal";
}
