/** What the parent of a peer's process calls, and what it is answered. */
import type { Address } from "./peer.ts";
import type { Batch } from "./record.ts";

export interface PeerCalls {
  /** Opens the peer in this folder, which is made; closes the one before. All others need one. */
  open(folder: string): Promise<void>;
  write(batch: Batch): Promise<void>;
  address(): Promise<Address>;
  connect(to: Address): Promise<void>;
  arrived(writes: number): Promise<void>;
  /** Resolves when it does nothing by itself any more. */
  rest(): Promise<void>;
  /** Of all records, by `digestOf`. */
  digest(): Promise<string>;
  /** Of the process, in bytes: at this moment. */
  memory(): Promise<number>;
  offerContent(bytes: number): Promise<void>;
  contentArrived(bytes: number): Promise<void>;
  contentDigest(): Promise<string>;
}

export const callNames = [
  "open",
  "write",
  "address",
  "connect",
  "arrived",
  "rest",
  "digest",
  "memory",
  "offerContent",
  "contentArrived",
  "contentDigest",
] as const satisfies readonly (keyof PeerCalls)[];

export interface Call {
  readonly id: number;
  readonly name: keyof PeerCalls;
  readonly argument: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** Where the call has failed: why. */
  readonly error?: string;
}
