/** What is used of it here: it comes without types. */
declare module "@orbitdb/core" {
  export interface LogEntry {
    /** Counts the entries before it, and itself. */
    readonly clock: { readonly time: number };
  }
  export interface KeyValueDatabase {
    readonly address: string;
    readonly events: { on(event: "update", listener: (entry: LogEntry) => void): unknown };
    put(key: string, value: unknown): Promise<string>;
    all(): Promise<readonly { readonly key: string; readonly value: unknown }[]>;
    close(): Promise<void>;
  }
  export interface OrbitDB {
    open(address: string, o: { readonly type: "keyvalue" }): Promise<KeyValueDatabase>;
    stop(): Promise<void>;
  }
  export function createOrbitDB(o: {
    readonly ipfs: import("helia").Helia;
    readonly directory: string;
  }): Promise<OrbitDB>;
}
