/** Who stores objects: Persist, or a program that uses the AWS SDK by hand. */
import type { S3Place } from "@cuitty/persist-servers";

export interface Place extends S3Place {
  readonly bucket: string;
}

export interface S3Contender {
  /** Bytes that are in memory. */
  putBytes(key: string, bytes: Uint8Array): Promise<unknown>;
  /** Bytes that come bit by bit. */
  putStream(key: string, chunks: AsyncIterable<Uint8Array>): Promise<unknown>;
  getBytes(key: string): Promise<Uint8Array>;
  getStream(key: string): Promise<AsyncIterable<Uint8Array>>;
  /** The first so many bytes of it, and not all: nobody can compare them with a digest of all. */
  getBeginning(key: string, length: number): Promise<AsyncIterable<Uint8Array>>;
  setJson(key: string, value: unknown): Promise<unknown>;
  getJson(key: string): Promise<unknown>;
  close(): Promise<void>;
}

export const contenderNames = ["persist", "SDK"] as const;
export type ContenderName = (typeof contenderNames)[number];
