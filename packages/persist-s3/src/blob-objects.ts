/** Objects as rows of blobs. */
import type { BlobFacts, Row } from "@cuitty/persist-core";
import { readHeaders, sidecarOf } from "./blob-headers.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket, ObjectFacts, Patience } from "./bucket.ts";
import { writeContent } from "./contents.ts";
import type { KnownBlobs } from "./known-blobs.ts";
import type { Sidecars } from "./sidecars.ts";

/** A blob as somebody has seen it. */
export interface Seen {
  readonly row: Row;
  readonly etag: string;
  /** The token of its sidecar. */
  readonly sidecar?: string | undefined;
}

export interface BlobObjects {
  /** What is there now; remembers it. */
  look(place: string, o: Patience): Promise<Seen | undefined>;
  /** The same of what an answer has told. */
  see(facts: ObjectFacts, o: Patience): Promise<Seen>;
}

export function createBlobObjects(
  bucket: Bucket,
  places: BlobPlaces,
  sidecars: Sidecars,
  known: KnownBlobs,
): BlobObjects {
  const see: BlobObjects["see"] = async (facts, o) => {
    const token = sidecarOf(facts);
    const sidecar = token === undefined ? undefined : await sidecars.read(token, facts.key, o);
    const row = toRow(
      places.keyOf(facts.key),
      facts,
      sidecar === undefined ? readHeaders(facts, undefined) : readHeaders(facts, sidecar),
    );
    known.set(facts.key, { etag: facts.etag, version: row.version, sidecar: sidecar && token });
    return { row, etag: facts.etag, sidecar: sidecar && token };
  };

  return {
    see,
    async look(place, o) {
      const facts = await bucket.head(place, o);
      if (facts !== undefined) return see(facts, o);
      known.set(place, { etag: null });
      return undefined;
    },
  };
}

/** Of an object that others have put: it changes with the content, and is no version that core makes. */
const foreignVersion = (etag: string) => `etag ${etag}`;

function toRow(key: string, facts: ObjectFacts, about: ReturnType<typeof readHeaders>): Row {
  const { size, etag, lastModified, key: place } = facts;
  const { stamp, contentType, metadata } = about;
  const time = stamp !== undefined && Number.isSafeInteger(stamp.time) ? stamp.time : lastModified;
  const blob: BlobFacts = { size, digest: `sha-256:${stamp?.sha256 ?? ""}`, etag, contentType, metadata };
  return {
    key,
    value: JSON.stringify(blob),
    version: stamp?.version ?? foreignVersion(etag),
    createdAt: time,
    updatedAt: time,
    content: writeContent({ kind: "stored", etag, place }),
  };
}

/** The row of a listing: of the facts what it tells. */
export function toListedRow(
  key: string,
  { etag, size, lastModified }: { etag: string; size: number; lastModified: number },
): Row {
  return { key, value: JSON.stringify({ size, etag }), version: foreignVersion(etag), updatedAt: lastModified };
}
