/** From the token of staged bytes to what can be put in place. */
import type { BlobFacts, EngineOptions, PutOp } from "@cuitty/persist-core";
import { type Aside, type BlobHeaders, type Stamp, stamped, writeHeaders } from "./blob-headers.ts";
import type { BlobParts } from "./blob-parts.ts";
import type { Source, SourcedPut } from "./blob-write.ts";
import type { UploadedPart } from "./bucket.ts";
import { collected } from "./collected.ts";
import { readContent } from "./contents.ts";
import { briefly, takeAway } from "./giving-up.ts";
import { inParallel } from "./in-parallel.ts";
import type { Piece } from "./pieces.ts";

/** Bytes that are in the memory of this process, with all that is needed to put them. */
export interface InMemory extends Omit<SourcedPut, "source"> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The id under which this process keeps them. */
  readonly memory?: string | undefined;
}

export type Sourced = InMemory | SourcedPut;

export interface BlobSources {
  /** `undefined` where the bytes are not there any more. */
  make(op: PutOp, o: EngineOptions): Promise<Sourced | undefined>;
  /** The same, durable: what others can put in place as well, whatever happens meanwhile. `undefined` where the bytes are not there any more. */
  keep(sourced: Sourced, o: EngineOptions): Promise<SourcedPut | undefined>;
  /** It is not put: takes away what was made for it. What core has the token of stays. */
  giveUp(sourced: Sourced): Promise<void>;
}

const copiedAtOnce = 8;

export function createBlobSources(parts: BlobParts): BlobSources {
  const { bucket, places, sidecars, openUploads, here, pieces, partSize } = parts;

  /** Headers, and the sidecar with what they have no room for. */
  const describe = async (op: PutOp, stamp: Stamp, o: EngineOptions) => {
    const { contentType, metadata } = JSON.parse(op.value) as BlobFacts;
    const { headers, aside } = writeHeaders({ contentType, metadata });
    if (aside !== undefined) await putSidecar(op, aside, stamp, o);
    return { headers: stamped(headers, stamp), sidecar: aside?.token };
  };

  const putSidecar = (op: PutOp, { token, more }: Aside, stamp: Stamp, o: EngineOptions) =>
    sidecars.put(token, { place: places.of(op.key), stamp, more }, o);

  const readPieces = async (all: readonly Piece[], o: EngineOptions): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const read = await Promise.all(
      all.map(async ({ key, etag }) => {
        const object = await bucket.open(key, { ...o, ifEtag: etag });
        return object && collected(object.body);
      }),
    );
    const found = read.filter((bytes) => bytes !== undefined);
    return found.length === all.length ? Buffer.concat(found) : undefined;
  };

  /** Has the server put the pieces together, in an upload to the very place. */
  const assemble = async (
    op: PutOp,
    all: readonly Piece[],
    stamp: Stamp,
    o: EngineOptions,
  ): Promise<{ headers: BlobHeaders; sidecar: string; source: Source } | undefined> => {
    const { contentType, metadata } = JSON.parse(op.value) as BlobFacts;
    const sidecar = crypto.randomUUID();
    const { headers, aside } = writeHeaders({ contentType, metadata }, sidecar);
    const upload = await openUploads.begin(places.of(op.key), headers, o);
    try {
      const copied = await inParallel(all, copiedAtOnce, ({ key, etag, number, size }) =>
        bucket.copyPart(upload.place, upload.uploadId, number + 1, { ...o, from: key, fromEtag: etag, size }),
      );
      const arrived = copied.filter((part): part is UploadedPart => part !== undefined);
      if (arrived.length === all.length) {
        await putSidecar(op, aside ?? { token: sidecar }, stamp, o);
        return { headers, sidecar, source: { from: "upload", ...upload, parts: arrived, isOwn: true } };
      }
    } catch (error) {
      await takeAway(openUploads.abort(upload, briefly()));
      throw error;
    }
    await takeAway(openUploads.abort(upload, briefly()));
    return undefined;
  };

  const make: BlobSources["make"] = async (op, o) => {
    const { version, value } = op;
    const { digest, size } = JSON.parse(value) as BlobFacts;
    const content = readContent(op.content ?? "");
    const hex = digest.slice("sha-256:".length);
    const stamp: Stamp = { version, time: o.now, ...(hex === "" ? {} : { sha256: hex }) };
    switch (content.kind) {
      case "memory": {
        const staged = here.memory.get(content.id);
        if (staged === undefined) return undefined;
        const { bytes, sha256 } = staged;
        return { version, value, bytes, memory: content.id, ...(await describe(op, { ...stamp, sha256 }, o)) };
      }
      case "sent": {
        const sent = here.sent.get(content.id);
        if (sent === undefined || sent.upload.place !== places.of(op.key)) return undefined;
        const { upload, parts: arrived, sha256, aside } = sent;
        await putSidecar(op, aside, { ...stamp, sha256 }, o);
        const source = { from: "upload", ...upload, parts: arrived, isOwn: false } as const;
        return { version, value, headers: { contentType: "", metadata: {} }, sidecar: aside.token, source };
      }
      case "object": {
        const facts = await bucket.head(places.stagedObject(content.id), o);
        if (facts === undefined) return undefined;
        const source = { from: "object", id: content.id, etag: facts.etag, size: facts.size } as const;
        return { version, value, source, ...(await describe(op, stamp, o)) };
      }
      case "stored": {
        const source = { from: "blob", place: content.place, etag: content.etag, size } as const;
        return { version, value, source, ...(await describe(op, stamp, o)) };
      }
      case "pieces": {
        const all = (await pieces.list(content.id, o)).filter((piece, i) => piece.size > 0 || i === 0);
        const last = all.at(-1);
        if (last === undefined || last.offset + last.size !== content.size) return undefined;
        const about = { version, value, pieces: content.id };
        if (content.size > partSize) {
          const assembled = await assemble(op, all, stamp, o);
          return assembled && { ...about, ...assembled };
        }
        const bytes = await readPieces(all, o);
        return bytes && { ...about, bytes, ...(await describe(op, stamp, o)) };
      }
    }
  };

  /** Another blob may be replaced before its copy is put in place. */
  const keepCopy = async (
    sourced: SourcedPut,
    { place, etag, size }: Extract<Source, { from: "blob" }>,
    o: EngineOptions,
  ): Promise<SourcedPut | undefined> => {
    const id = crypto.randomUUID();
    const answer = await bucket.copy(place, places.stagedObject(id), { ...o, fromEtag: etag });
    if (answer.outcome === "refused") return undefined;
    return { ...sourced, source: { from: "object", id, etag: answer.etag, size, isOwn: true } };
  };

  return {
    make,
    async keep(sourced, o) {
      if (!("bytes" in sourced)) return sourced.source.from === "blob" ? keepCopy(sourced, sourced.source, o) : sourced;
      const { bytes, memory, ...rest } = sourced;
      const id = crypto.randomUUID();
      const answer = await bucket.put(places.stagedObject(id), bytes, { ...o, ifEtag: null });
      // Nobody else has the id: what is in the way is its own.
      const etag = answer.outcome === "stored" ? answer.etag : (await bucket.head(places.stagedObject(id), o))?.etag;
      here.copies.set(id, { bytes, memory });
      return { ...rest, source: { from: "object", id, etag: etag ?? "", size: bytes.length, isOwn: true } };
    },
    async giveUp(sourced) {
      const { sidecar } = sourced;
      if ("source" in sourced) {
        const { source } = sourced;
        if (source.from === "upload") {
          if (!source.isOwn) return;
          const { id, place, uploadId } = source;
          await takeAway(openUploads.abort({ id, place, uploadId }, briefly()));
        } else if (source.from === "object" && source.isOwn) {
          here.copies.delete(source.id);
          await takeAway(bucket.remove(places.stagedObject(source.id), briefly()));
        }
      }
      if (sidecar !== undefined) await takeAway(sidecars.remove(sidecar, briefly()));
    },
  };
}
