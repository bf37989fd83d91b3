/** Bytes from front to back, never past their end. */
import { ReplicaRefusal } from "../sync/replica.ts";

export interface ByteReader {
  byte(): number;
  /** Without copying them. */
  bytes(length: number): Uint8Array;
  /** An unsigned LEB128; safe integers only. */
  number(): number;
  /** A signed LEB128; safe integers only. */
  signed(): number;
  left(): number;
}

/** Each of its functions throws a ReplicaRefusal where too little is left, or a number is too large. */
export function createByteReader(bytes: Uint8Array, start = 0): ByteReader {
  let at = start;

  const byte = () => {
    const next = bytes[at++];
    if (next === undefined) throw new ReplicaRefusal("Bytes end where more must follow.");
    return next;
  };
  const digits = () => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const next = byte();
      value += (next & 0x7f) * scale;
      scale *= 128;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 63) throw new ReplicaRefusal("A number is too large.");
      if (next < 0x80) return { value, scale, negative: (next & 0x40) !== 0 };
    }
  };

  return {
    byte,
    bytes(length) {
      if (length > bytes.length - at) throw new ReplicaRefusal("Bytes end where more must follow.");
      at += length;
      return bytes.subarray(at - length, at);
    },
    number: () => digits().value,
    signed() {
      const { value, scale, negative } = digits();
      return negative ? value - scale : value;
    },
    left: () => bytes.length - at,
  };
}
