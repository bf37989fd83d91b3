/** A way to find peers. */

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Discovery {
  /** Tells others that this peer is here, and who else is, until the returned function is called. */
  join(meeting: Uint8Array, events: MeetingEvents): () => void;
  /** `undefined` where it works. */
  trouble(): string | undefined;
  findings(): readonly Finding[];
  stop(): Promise<void>;
}

export interface MeetingEvents {
  /** A peer was heard of; again and again as long as it is. */
  sighted(peer: string, addresses: readonly string[]): void;
  /** It has said good-bye. */
  left?(peer: string): void;
  /** Whether somebody is missing, so that it is worth asking more often. */
  isMissing?(): boolean;
}
