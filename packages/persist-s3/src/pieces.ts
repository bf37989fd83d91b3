/**
 * Bytes that are staged step by step, by any number of processes: an object for each step, of one length but for the last. Each is made where none is, or replaced by a longer one that begins with it, under a
 * condition: so of two who extend the same bytes differently one gets through, and nothing has to be locked. They become a blob by being copied into an upload by the server.
 */
import type { EngineOptions, Extended } from "@cuitty/persist-core";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket, ListedObject, Patience } from "./bucket.ts";
import { writeContent } from "./contents.ts";
import { ensureWanted } from "./deadline.ts";
import { refuse } from "./errors.ts";
import { takeAway } from "./giving-up.ts";
import { inParallel } from "./in-parallel.ts";
import { mostParts } from "./sent-parts.ts";

export interface Piece extends ListedObject {
  readonly number: number;
  /** Where it begins in the whole. */
  readonly offset: number;
}

export interface Pieces {
  extend(id: string | undefined, offset: number, bytes: Uint8Array, o: EngineOptions): Promise<Extended>;
  extended(id: string, o: EngineOptions): Promise<Extended | undefined>;
  /** All of them in order; empty where they are gone. */
  list(id: string, o: Patience): Promise<Piece[]>;
  remove(id: string, o: Patience): Promise<void>;
}

const mostListed = 1000;
const removedAtOnce = 8;
/** One that is given again is written again after so long, so that all are kept for another day. */
const renewedAfter = 60 * 60 * 1000;

export function createPieces(bucket: Bucket, places: BlobPlaces, partSize: number): Pieces {
  const list = async (id: string, from: number, o: Patience): Promise<{ pieces: Piece[]; time: number }> => {
    const prefix = places.pieces(id);
    const pieces: Piece[] = [];
    let time = 0;
    let after = from === 0 ? undefined : places.piece(id, from - 1);
    for (let more = true; more; ) {
      const page = await bucket.list(prefix, { ...o, after, limit: mostListed });
      for (const object of page.objects) {
        const number = Number(object.key.slice(prefix.length));
        pieces.push({ ...object, number, offset: number * partSize });
      }
      ({ more, time } = page);
      after = page.objects.at(-1)?.key;
    }
    return { pieces, time };
  };

  const stateOf = (id: string, pieces: readonly Piece[]): Extended => {
    const last = pieces.at(-1);
    const size = last === undefined ? 0 : last.offset + last.size;
    return { token: writeContent({ kind: "pieces", id, size }), size };
  };

  const isThere = async (id: string, o: Patience) => {
    const { objects } = await bucket.list(places.pieces(id), { ...o, limit: 1 });
    return objects.length > 0;
  };

  const readPiece = async (piece: Piece, o: Patience): Promise<Buffer | undefined> => {
    const object = await bucket.open(piece.key, { ...o, ifEtag: piece.etag });
    if (object === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of object.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  const gone = () => refuse("NOT_FOUND", "The bytes to extend are not staged any more.");
  const other = (offset: number) => refuse("CONFLICT", `Other bytes than these were staged at ${offset}.`);

  return {
    async extend(given, offset, bytes, o) {
      const number = offset / partSize;
      if (number >= mostParts) {
        const message = `A blob has at most ${mostParts} parts of ${partSize} bytes. Open the store with a greater partSize.`;
        throw refuse("TOO_LARGE", message);
      }
      const id = given ?? crypto.randomUUID();
      const place = places.piece(id, number);
      for (;;) {
        ensureWanted(o, "stage bytes");
        const before = Math.max(0, number - 1);
        const { pieces, time } = given === undefined ? { pieces: [], time: 0 } : await list(id, before, o);
        const [first] = pieces;
        if (given !== undefined && (first === undefined || first.number > before)) {
          throw number > 0 && (await isThere(id, o)) ? other(offset) : gone();
        }
        if (number > 0 && first?.size !== partSize) throw other(offset); // there would be a hole
        const present = pieces.find((piece) => piece.number === number);
        const stored = present === undefined ? undefined : await readPiece(present, o);
        if (present !== undefined && stored === undefined) continue; // it was replaced meanwhile
        if (stored !== undefined && !isSameBeginning(stored, bytes)) throw other(offset);
        const isLast = present === undefined || present === pieces.at(-1);
        const isLonger = stored === undefined || bytes.length > stored.length;
        const isOld = present !== undefined && isLast && time - present.lastModified > renewedAfter;
        if (!isLonger && !isOld) return stateOf(id, pieces);
        const body = isLonger ? bytes : (stored as Uint8Array);
        const answer = await bucket.put(place, body, { ...o, ifEtag: present?.etag ?? null });
        if (answer.outcome === "refused") continue; // perhaps by the same: it is looked at
        const now = { key: place, etag: answer.etag, size: body.length, lastModified: time, number, offset };
        return stateOf(id, [
          ...pieces.filter((piece) => piece.number < number),
          now,
          ...pieces.filter((piece) => piece.number > number),
        ]);
      }
    },

    async extended(id, o) {
      const { pieces } = await list(id, 0, o);
      return pieces[0]?.number === 0 ? stateOf(id, pieces) : undefined;
    },

    async list(id, o) {
      const { pieces } = await list(id, 0, o);
      return pieces[0]?.number === 0 ? pieces : [];
    },

    async remove(id, o) {
      // The first one first: without it the others are nothing.
      await bucket.remove(places.piece(id, 0), o);
      const { pieces } = await list(id, 0, o);
      await inParallel(pieces, removedAtOnce, ({ key }) => takeAway(bucket.remove(key, o)));
    },
  };
}

function isSameBeginning(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  return Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0;
}
