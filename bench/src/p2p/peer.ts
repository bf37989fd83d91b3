/** One of two that meet: a library that brings records from process to process, used as its own documentation shows. */
import type { Batch, BenchRecord } from "./record.ts";

/** Where a peer listens on this machine. */
export interface Address {
  readonly port: number;
  /** What else must be known to connect, as the library has it. */
  readonly detail: string;
}

export interface Peer {
  /** Writes the records, one after the other or at once, whichever is faster, and waits until they are kept. */
  write(batch: Batch): Promise<void>;
  address(): Promise<Address>;
  /** Connects, also again after the connection was cut. Resolves once connected, or before. */
  connect(to: Address): Promise<void>;
  /** Resolves when so many writes of the other have arrived since this process began. No record is written twice between two meetings. */
  arrived(writes: number): Promise<void>;
  /** Everything that is here. */
  records(): Promise<Iterable<BenchRecord>>;
  /** Left out where a library brings no contents. */
  readonly content?: ContentExchange;
  close(): Promise<void>;
}

/** One content, from who listens to who connects afterwards. */
export interface ContentExchange {
  offer(bytes: number): Promise<void>;
  /** Called once it connects. */
  arrived(bytes: number): Promise<void>;
  /** SHA-256 of what has arrived, in hex. */
  digest(): Promise<string>;
}

/** Opens what the folder holds, or makes it. */
export type OpenPeer = (folder: string) => Promise<Peer>;
