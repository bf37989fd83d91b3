/**
 * The heads of streams. Each is an object, which is written behind the log: what the log's tail knows of a stream is newer. What has been read is remembered, since every change of it comes by the tail.
 */
import { type Row, rowVersionOf, streamHead } from "@cuitty/persist-core";
import type { Bucket, Patience } from "./bucket.ts";
import type { Layout } from "./layout.ts";
import type { Head } from "./slots.ts";
import { corrupt } from "./state.ts";
import type { Tail } from "./tail.ts";

export interface Streams {
  /** As of the tail's end; `undefined` where nothing was ever appended. */
  head(stream: string, tail: Pick<Tail, "head">, o: Patience): Promise<Head | undefined>;
  /** The object, as far as it has come. */
  stored(place: string, o: Patience): Promise<StoredHead | undefined>;
  /** Brings the object to this state, unless it is there already. */
  store(stream: string, head: Head, slot: number, o: Patience): Promise<void>;
  /** The tail is about to forget what it knows. */
  keep(tail: Tail): void;
  /** What is remembered may be out of date. */
  forget(): void;
}

export interface StoredHead {
  readonly stream: string;
  readonly head: Head;
  /** As of which slot. */
  readonly slot: number;
  readonly etag: string;
}

const most = 10_000;

export function createStreams(bucket: Bucket, layout: Layout): Streams {
  const remembered = new Map<string, Head | undefined>();
  /** Under which ETag the object was last seen. */
  const etags = new Map<string, { readonly etag: string; readonly slot: number }>();

  const remember = (stream: string, head: Head | undefined) => {
    if (remembered.size >= most) remembered.clear();
    remembered.set(stream, head);
  };

  const stored: Streams["stored"] = async (place, o) => {
    const object = await bucket.readText(place, o);
    return object === undefined ? undefined : { ...parse(object.text, place), etag: object.etag };
  };

  return {
    async head(stream, tail, o) {
      const latest = tail.head(stream);
      if (latest !== undefined) return latest;
      if (remembered.has(stream)) return remembered.get(stream);
      const found = await stored(layout.stream(stream), o);
      // It may have been appended to while it was being read.
      if (tail.head(stream) === undefined) remember(stream, found?.head);
      return tail.head(stream) ?? found?.head;
    },
    stored,
    async store(stream, head, slot, o) {
      const place = layout.stream(stream);
      let known: { readonly etag: string | null; readonly slot: number } | undefined = etags.get(stream);
      for (;;) {
        if (known === undefined) {
          const found = await stored(place, o);
          known = found === undefined ? { etag: null, slot: 0 } : { etag: found.etag, slot: found.slot };
        }
        if (known.slot >= slot) return;
        const body = JSON.stringify({ stream, slot, ...head });
        const answer = await bucket.put(place, body, { ...o, ifEtag: known.etag, contentType: "application/json" });
        known = undefined;
        etags.delete(stream);
        if (answer.outcome !== "stored") continue;
        if (etags.size >= most) etags.clear();
        etags.set(stream, { etag: answer.etag, slot });
        return;
      }
    },
    keep(tail) {
      for (const stream of tail.streams()) remember(stream, tail.head(stream));
    },
    forget: () => remembered.clear(),
  };
}

function parse(text: string, place: string): Omit<StoredHead, "etag"> {
  try {
    const { stream, slot, ...head } = JSON.parse(text) as Head & { stream: string; slot: number };
    if (typeof stream === "string" && Number.isFinite(slot) && Number.isFinite(head.version)) {
      return { stream, slot, head };
    }
  } catch {
    // Told below.
  }
  throw corrupt(place);
}

export function headRow(stream: string, { version, position, first, erased, createdAt, updatedAt }: Head): Row {
  const head = streamHead(version, position, first, erased);
  return { key: stream, value: JSON.stringify(head), version: rowVersionOf(head), createdAt, updatedAt };
}
