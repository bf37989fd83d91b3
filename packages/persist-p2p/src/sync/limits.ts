/** What the sync engine does at most, and for how long it waits. Both sides of a link need the same windows: they are part of the protocol's version. */

export interface SyncLimits {
  /** How long it works before the event loop gets a turn, in milliseconds. */
  readonly slice: number;
  /** How long an answer may take, in milliseconds, before the link is ended. Longer where links are slow: a frame is up to {@link pieceBytes}. */
  readonly silence: number;
  /** How long a direction pauses, in milliseconds, after stamps from the future or bytes that the peer did not have. Doubles up to twenty times that. */
  readonly retry: number;
  /** How long rows that somebody else wrote are waited for on that peer's own link before they are asked for here, in milliseconds. As long as that link moves on, it is waited further. */
  readonly patience: number;
  /** The same while links have just been made, for peers that are not connected yet. */
  readonly gathering: number;
  /** How long it is told late that others' rows have come, in milliseconds, so that many are told at once. */
  readonly relayDelay: number;
  /** How often two peers that believe to be equal compare all they have, in milliseconds. */
  readonly selfCheck: number;
  /** How often peers tell each other their clocks, in milliseconds: by that much the common order of events is final later. */
  readonly clocks: number;
  /** Frames of one peer, on average over ten seconds. More is flooding, and ends the link. */
  readonly framesPerSecond: number;
}

export const defaultLimits: SyncLimits = {
  slice: 10,
  silence: 20_000,
  retry: 30_000,
  patience: 1_000,
  gathering: 200,
  relayDelay: 25,
  selfCheck: 15 * 60_000,
  clocks: 10_000,
  framesPerSecond: 5_000,
};

/** Of one frame that carries data: more is sent in pieces. Room for a chunk and what stands around it. */
export const pieceBytes: number = 257 * 1024;
/** How much may be under way unconfirmed, of what is pushed and of what was asked for: 2 MiB together. */
export const windowBytes: Readonly<Record<"push" | "reply", number>> = { push: 700 * 1024, reply: 1_348 * 1024 };
/** Of all the items that one commit sends. What is more is stored in several transactions. */
export const commitBytes: number = 32 * 1024 * 1024;
/** Of one message: a commit, and what stands around its items. */
export const messageBytes: number = commitBytes + 8 * 1024 * 1024;
/** Of one item. */
export const bodyBytes: number = 4 * 1024 * 1024;
/** Of one chunk of a blob. */
export const chunkBytes: number = 256 * 1024;
/** About so much is read and sent at once, where it can be divided. */
export const pageBytes: number = 128 * 1024;
/** How many ids are asked for at once. */
export const wantedAtOnce: number = 1_024;
