/** `"emulated"`: by core, with the same results. `"local"`: holds on this peer only. `"absent"`: refused with `UNSUPPORTED` before any I/O. */
export type Support = "native" | "emulated" | "local" | "absent";

/** What this store can do, and how far it goes. */
export interface Capabilities {
  readonly transactions: Support;
  /** `ifMatch` and `ifNoneMatch`. */
  readonly conditions: Support;
  /** `watch` of records, kv and blobs, and `changes`. `events.subscribe` and `events.consume` work everywhere. */
  readonly watch: Support;
  readonly indexes: Support;
  /** `blobs.url`. */
  readonly signedUrls: Support;
  /**
   * Who has got a blob reads it to its end, for ten minutes, though it is replaced or deleted meanwhile, and several blobs of one commit are seen in one moment. `"absent"`: only who
   * has begun to read goes on, as long as the connection holds, others get `CONFLICT`; nobody reads a torn one.
   */
  readonly blobSnapshots: Support;
  /** Conditions on deletions, copies and moves of blobs, and on puts of those that are sent in parts. All others are `conditions`. */
  readonly blobConditions: Support;
  /** `expectedVersion` and `failIf`. */
  readonly expectedVersion: Support;
  /** Of events: one order for all, or this peer's own. */
  readonly order: "total" | "local";
  /**
   * Of transactions. `"atomic"`: all or nothing, after any crash and for whoever meets one midway, and exact about each key that it has read; but what somebody adds to a list that it has
   * read, at the very moment of its commit, may escape it, and several reads outside of a transaction are not of one moment.
   */
  readonly isolation: "serializable" | "atomic" | "local";
  /** Who may write at once: one process, the processes of one machine, any machine, or peers that merge later. */
  readonly writers: "process" | "host" | "network" | "peers";
  readonly consistency: "strong" | "causal";
  /** What an acknowledged write survives: nothing, a crash of this machine, the loss of it; or only the backend knows. */
  readonly durability: "memory" | "disk" | "replicated" | "unknown";
  /** Numbers of bytes or operations. */
  readonly limits: {
    readonly keyBytes: 512;
    readonly valueBytes: number;
    readonly commitOps: number;
    readonly commitBytes: number;
    readonly blobBytes: number;
  };
}
