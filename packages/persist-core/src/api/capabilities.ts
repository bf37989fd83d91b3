/** `"emulated"`: by core, with the same results. `"local"`: holds on this peer only. `"absent"`: refused with `UNSUPPORTED` before any I/O. */
export type Support = "native" | "emulated" | "local" | "absent";

/** What this store can do, and how far it goes. */
export interface Capabilities {
  readonly transactions: Support;
  /** `ifMatch` and `ifNoneMatch`. */
  readonly conditions: Support;
  readonly watch: Support;
  readonly indexes: Support;
  readonly signedUrls: Support;
  /** `expectedVersion` and `failIf`. */
  readonly expectedVersion: Support;
  /** Of events: one order for all, or this peer's own. */
  readonly order: "total" | "local";
  /** Of transactions. `"atomic"`: all or nothing after any crash, without serializability. */
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
