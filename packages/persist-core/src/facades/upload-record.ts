/** What is remembered of an upload: a row of `system`, there from its beginning to its end. */
import type { BlobInfo } from "../api/blobs.ts";
import { attemptOf } from "../attempts.ts";
import { bytesToBase64 } from "../base64.ts";
import type { Call } from "../calls.ts";
import type { PutOp, Row } from "../contract.ts";
import type { Gate } from "../gate.ts";
import { readOne } from "../reading.ts";
import type { Etag } from "./blob-etags.ts";

export interface UploadRecord {
  readonly key: string;
  /** The token of the bytes, as it was in the beginning. */
  readonly content: string;
  /** The condition on the blob; left out where there is none. */
  readonly etag?: Exclude<Etag, undefined>;
  readonly contentType: string;
  readonly metadata: Record<string, string>;
  /** What the content must be. */
  readonly digest?: BlobInfo["digest"];
}

const hour = 60 * 60 * 1000;
/** How long a row is kept, and how old it becomes before it is renewed. The bytes go a day after the last of them, so it must not go before. */
const keptFor = 25 * hour;
const renewedAfter = hour;

/** 144 random bits: whoever does not know it cannot guess it. */
export function newUploadToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return bytesToBase64(bytes).replaceAll("+", "-").replaceAll("/", "_");
}

/** The key of the row; `undefined` where this cannot be a token. */
export function uploadKey(token: string): string | undefined {
  return /^[\w-]{24}$/.test(token) ? `uploads/${token}` : undefined;
}

export async function createRecord(gate: Gate, token: string, record: UploadRecord, call: Call): Promise<void> {
  await gate.commit([putRecord(gate, uploadKey(token) as string, JSON.stringify(record), null)], call);
}

/** Keeps it for another day, unless it has ended. */
export async function renewRecord(gate: Gate, key: string, call: Call): Promise<void> {
  const row = await readOne(gate, "system", key, call);
  if (row === undefined) return;
  // Whoever was faster has renewed it as well, or ended it, which the next step will tell.
  await attemptOf(gate.commit([putRecord(gate, key, row.value, row.version)], call));
}

export function isRenewalDue(gate: Gate, renewedAt: number): boolean {
  return gate.now() - renewedAt >= renewedAfter;
}

export function parseRecord(row: Row): UploadRecord {
  return JSON.parse(row.value) as UploadRecord;
}

function putRecord(gate: Gate, key: string, value: string, ifVersion: string | null): PutOp {
  const expiresAt = gate.now() + keptFor;
  return { op: "put", space: "system", key, value, version: gate.version(), expiresAt, ifVersion };
}
