/** What two peers say to each other. */
import type { Fingerprint, Item, Marked } from "./replica.ts";

/** Highest and lowest version of the protocol that is spoken here. */
export const versions: readonly [number, number] = [1, 1];

/** How far the sender has read the receiver: a place of its, `undefined` for never, and how many events of its own log. */
export interface Read {
  readonly place: number | undefined;
  readonly events: number;
}

export interface Hello {
  readonly kind: "hello";
  readonly versions: readonly [number, number];
  readonly replica: string;
  readonly author: string;
  /** Drawn by each process: 8 bytes as hex. */
  readonly process: string;
  /** Counts the links of this process. */
  readonly link: number;
  readonly head: number;
  readonly floor: number;
  readonly clock: number;
  readonly features: readonly string[];
  /** Where it is believed to be known who the receiver is. */
  readonly reads: (Read & { readonly replica: string }) | undefined;
}

/** From now on the sender reads from here; pages are numbered by the reading to which they belong. */
export interface ReadFrom extends Read {
  readonly kind: "read";
  readonly reading: number;
}

export interface Ack {
  readonly kind: "ack";
  readonly place: number;
  /** Bytes of each lane that were taken since the link began. */
  readonly push: number;
  readonly reply: number;
}

/** All that the sender has written with stamps up to this time, by its own clock in milliseconds since the epoch, is at this place of its or before. */
export interface Clock {
  readonly kind: "clock";
  readonly place: number;
  readonly time: number;
}

/** Asks for what others have written, of the commits after the one place up to the other, as much as goes into one answer: to be offered, or all of it to be sent. */
export interface Ask {
  readonly kind: "ask";
  readonly after: number;
  readonly to: number;
  readonly all: boolean;
}

/** Of what has come to the receiver after `upTo` nothing is sent: it belongs to later commits, whose other parts it would come before. `undefined`: all is wanted. */
interface Bounded {
  readonly upTo: number | undefined;
}

export interface Want extends Bounded {
  readonly kind: "want";
  readonly ids: readonly Uint8Array[];
}

export interface Pull extends Bounded {
  readonly kind: "pull";
  readonly vector: ReadonlyMap<string, number>;
}

export interface WantChunks {
  readonly kind: "want-chunks";
  readonly digest: string;
  readonly offset: number;
  readonly count: number;
}

export interface OwnEntry {
  /** 0: a part of a commit that is too large for one transaction. */
  readonly place: number;
  readonly items: readonly Item[];
}

/** Commits that came from `via`, all of them contained in that peer's data at `viaPlace`, where that is known. */
export interface Relayed {
  readonly via: string;
  readonly viaPlace: number | undefined;
}

/** All commits up to `place`: those made here, and of whom the others are. */
export interface Page {
  readonly kind: "page";
  readonly reading: number;
  readonly entries: readonly OwnEntry[];
  readonly relayed: readonly Relayed[];
  readonly place: number;
  readonly head: number;
}

export interface Given {
  readonly kind: "given";
  readonly entries: readonly OwnEntry[];
  readonly upTo: number;
}

export interface Offer {
  readonly kind: "offer";
  readonly marks: readonly Marked[];
  /** There were events too: they are read by the vector. */
  readonly events: boolean;
  readonly upTo: number;
}

/** What there is of the first `answered` ids that were asked for. `head`: the sender's place when it read them. */
export interface Rows {
  readonly kind: "rows";
  readonly items: readonly Item[];
  readonly head: number;
  readonly answered: number;
}

export interface Events {
  readonly kind: "events";
  readonly items: readonly Item[];
  readonly head: number;
  readonly more: boolean;
}

export interface Chunk {
  readonly kind: "chunk";
  readonly offset: number;
  readonly bytes: Uint8Array | undefined;
}

/** What the sender has under a prefix: of each of the sixteen next half bytes, or all of it. */
export interface Range {
  readonly prefix: Uint8Array;
  readonly nibbles: number;
  readonly has: readonly Fingerprint[] | readonly Marked[];
}

/** `told`: what the receiver lacks or has otherwise. `end`: nothing is left to compare, and no answer is expected. */
export interface Compare {
  readonly kind: "compare";
  readonly head: number;
  readonly ranges: readonly Range[];
  readonly told: readonly Marked[];
  readonly end: boolean;
}

export interface Answer {
  readonly kind: "answer";
  readonly ranges: readonly Range[];
  readonly told: readonly Marked[];
}

export type Control = Hello | ReadFrom | Ack | Clock | Ask | Want | Pull | WantChunks;
export type Reply = Given | Offer | Rows | Events | Chunk | Answer;
export type Message = Control | Page | Reply | Compare;

/** Something that no peer says. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export const isFingerprints = (has: Range["has"]): has is readonly Fingerprint[] =>
  has.length > 0 && "count" in (has[0] as object);
