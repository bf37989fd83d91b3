/** Who belongs to a closed group of peers, and this peer's part in it: what signatures of items are made with, and judged by. */
export interface Authority {
  /** Names the group: what was signed in one is worth nothing in another. */
  readonly group: string;
  /** This peer's public key: 32 bytes, Ed25519. */
  readonly self: Uint8Array;
  /** 64 bytes. */
  sign(statement: Uint8Array): Uint8Array;
  /** The public keys of all who are members or were: what they have signed stays theirs. Another array whenever there are more. */
  members(): readonly Uint8Array[];
}
