/** The contents of blobs: arrays of chunks by token. Those that no blob names are kept for as long as the contract says, and go with a later commit. */
import type { Bytes } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { isSameBeginning } from "../same-beginning.ts";
import { createSha256 } from "../sha256.ts";
import type { State } from "./state.ts";

const partBytes = 1024 * 1024;
const stagedFor = 24 * 60 * 60 * 1000;
const releasedFor = 10 * 60 * 1000;

export function createBytes(state: State): Bytes {
  const { contents, staged } = state;

  const keep = (chunks: Uint8Array[], now: number): string => {
    const token = String(++state.contentCount);
    contents.set(token, chunks);
    stageUntil(token, now + stagedFor);
    return token;
  };

  /** Moved to the end: they go in this order. */
  const stageUntil = (token: string, due: number) => {
    staged.delete(token);
    staged.set(token, due);
  };

  return {
    partBytes,

    async stage(body, { now }) {
      const hash = createSha256();
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of body) {
        hash.update(chunk);
        chunks.push(chunk.slice());
        size += chunk.length;
      }
      return { token: keep(chunks, now), size, sha256: hash.digest() };
    },

    async *open(row, { offset, length }) {
      const chunks = contents.get(row.content ?? "");
      if (chunks === undefined)
        throw new PersistError("CONFLICT", "The blob was replaced before it was read. Read it again.");
      let start = 0;
      for (const chunk of chunks) {
        const from = Math.max(0, offset - start);
        const to = Math.min(chunk.length, offset + length - start);
        if (from < to) yield chunk.slice(from, to) as Uint8Array<ArrayBuffer>;
        start += chunk.length;
      }
    },

    extend(token, offset, part, { now }) {
      if (token === undefined) return { token: keep(part.length === 0 ? [] : [part.slice()], now), size: part.length };
      const parts = staged.has(token) ? contents.get(token) : undefined;
      if (parts === undefined) throw new PersistError("NOT_FOUND", "The bytes to extend are not staged any more.");
      const stored = parts[offset / partBytes] ?? new Uint8Array(0);
      if (offset > sizeOf(parts) || !isSameBeginning(stored, part)) {
        throw new PersistError("CONFLICT", `Other bytes than these were staged at ${offset}.`);
      }
      if (part.length > stored.length) parts[offset / partBytes] = part.slice();
      stageUntil(token, now + stagedFor);
      return { token, size: sizeOf(parts) };
    },

    extended(token) {
      const parts = staged.has(token) ? contents.get(token) : undefined;
      return parts === undefined ? undefined : { token, size: sizeOf(parts) };
    },

    copy({ content }, { now }) {
      const chunks = contents.get(content ?? "");
      if (chunks === undefined) throw new PersistError("CONFLICT", "The blob was replaced before it was copied.");
      return keep(chunks, now); // the same: bytes that a row has are never changed
    },

    discard(token) {
      if (staged.delete(token)) contents.delete(token);
    },
  };
}

/** They belong to a row from now on. */
export function attachContent({ staged, released }: State, token: string): void {
  staged.delete(token);
  released.delete(token);
}

/** The row that had them is gone. */
export function releaseContent({ released }: State, token: string, now: number): void {
  released.set(token, now + releasedFor);
}

/** Takes away those whose time has come. */
export function forgetContents({ contents, staged, released }: State, now: number): void {
  for (const waiting of [staged, released]) {
    for (const [token, due] of waiting) {
      if (due > now) break;
      waiting.delete(token);
      contents.delete(token);
    }
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((size, chunk) => size + chunk.length, 0);
}
