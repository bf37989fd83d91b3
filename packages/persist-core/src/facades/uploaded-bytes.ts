/** The bytes of an upload: gathered into parts of the length that the engine takes, which are staged one after the other. */
import { type Call, renewed } from "../calls.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { createSha256 } from "../sha256.ts";

export interface UploadedBytes {
  /** Names those that are staged. */
  readonly token: string;
  /** How many are staged. */
  readonly committed: number;
  /** How many were taken, staged or not. */
  readonly size: number;
  /** Takes what is staged already as its own. Once, before all else. */
  catchUp(call: Call): Promise<void>;
  /** Stages every part that is full. Where it fails, nobody knows how much was taken. */
  take(chunk: Uint8Array, call: Call): Promise<void>;
  /** Stages what is left, and keeps all of it for another day. Can be tried again where it fails. */
  flush(call: Call): Promise<void>;
  /** Of all that were taken; nothing is taken any more then. */
  sha256(): string;
}

/** `content`: a token of staged bytes. */
export function createUploadedBytes(gate: LiveGate, content: string): UploadedBytes {
  const { partBytes } = gate;
  const hash = createSha256();
  let sha256: string | undefined;
  let token = content;
  /** The part that is being filled, and where it begins. */
  let part: Uint8Array | undefined;
  let filled = 0;
  let offset = 0;
  let committed = 0;

  /** Adds to the part, and answers how much there was room for. */
  const fill = (chunk: Uint8Array): number => {
    part ??= new Uint8Array(partBytes);
    const taken = chunk.subarray(0, partBytes - filled);
    part.set(taken, filled);
    filled += taken.length;
    return taken.length;
  };

  const next = () => {
    offset += partBytes;
    filled = 0;
  };

  const flush = async (call: Call): Promise<void> => {
    const bytes = part?.subarray(0, filled) ?? new Uint8Array(0);
    const stage = async () => {
      // Each has the whole timeout: an upload may take long, as long as it moves.
      ({ token } = await gate.extend(token, offset, bytes, renewed(call)));
    };
    await stage().catch((error: unknown) => {
      if (!PersistError.is(error) || error.outcome !== "unknown") throw error;
      return stage(); // the answer was lost: it is the same again
    });
    committed = offset + filled;
    if (filled === partBytes) next();
  };

  return {
    get token() {
      return token;
    },
    get committed() {
      return committed;
    },
    get size() {
      return offset + filled;
    },

    async catchUp(call) {
      const staged = await gate.extended(token, call);
      if (staged === undefined) throw new PersistError("NOT_FOUND", "The bytes of the upload are not there any more.");
      const row = { key: call.key ?? "", value: "", version: "", content: staged.token };
      for await (const chunk of gate.transfer(row, { offset: 0, length: staged.size }, call)) {
        hash.update(chunk);
        for (let taken = 0; taken < chunk.length; ) {
          taken += fill(chunk.subarray(taken));
          if (filled === partBytes) next();
        }
      }
      if (offset + filled !== staged.size) {
        throw new PersistError(
          "CORRUPT",
          `${call.operation}: a part of what was uploaded is missing. Abort the upload.`,
        );
      }
      await flush(call);
    },

    async take(chunk, call) {
      for (let taken = 0; taken < chunk.length; ) {
        const more = fill(chunk.subarray(taken));
        hash.update(chunk.subarray(taken, taken + more));
        taken += more;
        if (filled === partBytes) await flush(call);
      }
    },

    flush,

    sha256() {
      sha256 ??= hash.digest();
      return sha256;
    },
  };
}
