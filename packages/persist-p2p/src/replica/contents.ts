/** The bytes of blobs as peers exchange them: by the SHA-256 of all of them, chunk by chunk. */
import { createHash, type Hash } from "node:crypto";
import {
  type Connection,
  chunkBytes,
  discardContent,
  extendContent,
  mayAttach,
  readChunk,
} from "@cuitty/persist-sqlite/host";
import { ReplicaRefusal, type WantedBlob } from "../sync/replica.ts";
import { writeAheadAtOnce, writeAtOnce } from "./at-once.ts";

interface StoredContent {
  readonly content: number;
  readonly size: number;
  readonly received: number;
}

/** Which bytes belong to the blob with these facts; `undefined` where they do not say. */
export function findBytesOf(facts: string): WantedBlob | undefined {
  const { size, digest } = parse(facts);
  const hex = typeof digest === "string" ? /^sha-256:([0-9a-f]{64})$/.exec(digest)?.[1] : undefined;
  if (hex === undefined || !Number.isSafeInteger(size) || (size as number) < 0) return undefined;
  return { digest: hex, size: size as number };
}

/** The same of what a peer has sent. @throws {ReplicaRefusal} */
export function bytesOf(facts: string): WantedBlob {
  const bytes = findBytesOf(facts);
  if (bytes !== undefined) return bytes;
  throw new ReplicaRefusal("The facts of a blob do not say which bytes it has.");
}

function parse(facts: string): { size?: unknown; digest?: unknown } {
  try {
    return JSON.parse(facts) ?? {};
  } catch {
    return {};
  }
}

/** Inside a write transaction, when a row with these bytes was given the content. */
export function rememberContent(connection: Connection, { digest, size }: WantedBlob, content: string): void {
  writeContent(connection, digest, { content: Number(content), size, received: size });
}

function writeContent(connection: Connection, digest: string, { content, size, received }: StoredContent): void {
  connection
    .statement(
      `insert into replica_contents (digest, content, size, received) values (?, ?, ?, ?)
       on conflict (digest) do update set content = excluded.content, size = excluded.size, received = excluded.received`,
    )
    .run(digest, content, size, received);
}

function readStored(connection: Connection, digest: string): StoredContent | undefined {
  const stored = connection
    .statement("select content, size, received from replica_contents where digest = ?")
    .get(digest) as StoredContent | undefined;
  // What no blob has any more is freed after a while.
  return stored !== undefined && mayAttach(connection, stored.content) ? stored : undefined;
}

/** The content that a row may be given, as {@link PutOp.content}; `undefined` where the bytes are not all here. Inside a write transaction. */
export function findContent(connection: Connection, { digest, size }: WantedBlob): string | undefined {
  const stored = readStored(connection, digest);
  if (stored !== undefined) return stored.received === stored.size ? String(stored.content) : undefined;
  if (size > 0) return undefined;
  const content = extendContent(connection, undefined, 0, new Uint8Array(0));
  writeContent(connection, digest, { content, size, received: 0 });
  return String(content);
}

export function isHere(connection: Connection, { digest, size }: WantedBlob): boolean {
  const stored = readStored(connection, digest);
  return stored === undefined ? size === 0 : stored.received === stored.size;
}

/** From one offset to the end of its chunk. */
export function readBytes(connection: Connection, digest: string, offset: number): Uint8Array | undefined {
  const stored = readStored(connection, digest);
  if (stored === undefined || stored.received < stored.size || offset >= stored.size) return undefined;
  const n = Math.floor(offset / chunkBytes);
  return readChunk(connection, stored.content, n)?.subarray(offset - n * chunkBytes);
}

export interface Receiver {
  /** How many bytes of the blob have come so far. */
  received(digest: string): number;
  /** Stores the bytes at the offset, where that is how many have come. Those that make it whole are verified first: `"corrupt"` has thrown all of them away. */
  receive(wanted: WantedBlob, offset: number, bytes: Uint8Array): "more" | "complete" | "corrupt";
}

export function createReceiver(connection: Connection): Receiver {
  /** Of what has come in this process, so that nothing is read again to be verified. */
  const hashes = new Map<string, { readonly hash: Hash; upTo: number }>();

  const received = (digest: string) => readStored(connection, digest)?.received ?? 0;

  const hashOf = (digest: string, upTo: number): Hash => {
    const known = hashes.get(digest);
    if (known?.upTo === upTo) return known.hash;
    const hash = createHash("sha256");
    const stored = readStored(connection, digest);
    for (let at = 0; at < upTo && stored !== undefined; at += chunkBytes) {
      hash.update(readChunk(connection, stored.content, at / chunkBytes)?.subarray(0, upTo - at) ?? "");
    }
    return hash;
  };

  const discard = (digest: string) => {
    hashes.delete(digest);
    writeAtOnce(connection, () => {
      const stored = readStored(connection, digest);
      if (stored !== undefined) discardContent(connection, stored.content);
      connection.statement("delete from replica_contents where digest = ?").run(digest);
    });
  };

  return {
    received,

    receive({ digest, size }, offset, bytes) {
      const end = offset + bytes.length;
      const isWhole = end === size;
      if (offset !== received(digest) || end > size || bytes.length === 0 || (!isWhole && end % chunkBytes !== 0)) {
        throw new ReplicaRefusal("A chunk of a blob does not stand where the last one ended.");
      }
      const hash = hashOf(digest, offset).update(bytes);
      if (isWhole && hash.copy().digest("hex") !== digest) {
        discard(digest);
        return "corrupt";
      }
      // The row that needs the bytes is stored after them, and makes them durable: to sync each chunk would take longer than to fetch it.
      writeAheadAtOnce(connection, () => {
        const stored = readStored(connection, digest);
        const content = extendContent(connection, stored?.content, offset, bytes);
        writeContent(connection, digest, { content, size, received: end });
      });
      if (isWhole) hashes.delete(digest);
      else hashes.set(digest, { hash, upTo: end });
      return isWhole ? "complete" : "more";
    },
  };
}
