/** CBOR in its one canonical form, read from whoever may have written it. */
import { decode, encode, Tokenizer } from "cborg";

export const toCbor = (value: unknown): Uint8Array => encode(value);

const strict = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
} as const;

/** Texts lose a byte order mark: what may begin with one is sent as bytes. Throws for all that is not exactly one value, and for more values than so many bytes have in earnest: they would take many times as much memory. */
export function fromCbor(bytes: Uint8Array): unknown {
  // Of a Buffer, what is sliced from it would be a Buffer too, and keep all of it.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tokenizer = new Tokenizer(plain, strict);
  let left = 256 + bytes.length / 4;
  const bounded = {
    pos: () => tokenizer.pos(),
    done: () => tokenizer.done(),
    next: () => {
      left -= 1;
      if (left < 0) throw new Error("too many values for so few bytes");
      return tokenizer.next();
    },
  };
  return decode(plain, { ...strict, tokenizer: bounded });
}
