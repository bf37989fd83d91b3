/** Ranges of tuples that hold at least whatever passes the tests. */
import { compareBytes } from "../bytes-order.ts";
import { kindOf, kinds } from "./kinds.ts";
import { encodePrefix, encodeTuple, endOfOrder, kindByte, mark } from "./tuples.ts";
import type { Test } from "./where.ts";

export interface TupleRange {
  /** Inclusive. */
  readonly lower: Uint8Array;
  /** Exclusive. */
  readonly upper: Uint8Array;
}

const everything: TupleRange = { lower: Uint8Array.of(), upper: Uint8Array.of(mark) };

/** The tuples that begin with these components and go on within the range. */
export function rangeWithin(components: Uint8Array, rest: TupleRange = everything): TupleRange {
  return { lower: join(components, rest.lower), upper: join(components, rest.upper) };
}

/** The range of one component by comparisons; `undefined` where the tests give none. */
export function componentRange(tests: readonly Test[]): TupleRange | undefined {
  const ranges = tests.map(rangeOf).filter((range) => range !== undefined);
  if (ranges.length === 0) return undefined;
  return ranges.reduce((a, b) => ({
    lower: compareBytes(a.lower, b.lower) < 0 ? b.lower : a.lower,
    upper: compareBytes(a.upper, b.upper) < 0 ? a.upper : b.upper,
  }));
}

export function isEmptyRange({ lower, upper }: TupleRange): boolean {
  return compareBytes(lower, upper) >= 0;
}

/** The stretch of tuples around this one of which the bytes from `fixed` on do not say the order: its equals, or all with the same shortened beginning. */
export function stretchOf(tuple: Uint8Array, fixed: number): TupleRange {
  const end = endOfOrder(tuple, fixed);
  if (end === undefined) return { lower: tuple, upper: join(tuple, Uint8Array.of(0)) };
  const lower = tuple.subarray(0, end);
  return { lower, upper: successor(lower) };
}

export function isInRange(tuple: Uint8Array, { lower, upper }: TupleRange): boolean {
  return compareBytes(tuple, lower) >= 0 && compareBytes(tuple, upper) < 0;
}

function rangeOf({ operator, operand }: Test): TupleRange | undefined {
  switch (operator) {
    case "gt":
    case "gte":
      return { lower: operator === "gt" ? above(operand) : from(operand), upper: endOfKind(operand) };
    case "lt":
    case "lte":
      return { lower: startOfKind(operand), upper: operator === "lt" ? below(operand) : upTo(operand) };
    case "startsWith": {
      const lower = encodePrefix(operand as string);
      return { lower, upper: successor(lower) };
    }
    case "exists":
      return operand === true ? { lower: Uint8Array.of(kindByte(kinds.null)), upper: everything.upper } : undefined;
    default:
      return undefined;
  }
}

/** Of those with the same shortened beginning, any may be less or greater. */
function from(value: unknown): Uint8Array {
  const { tuple } = encodeTuple([value]);
  return tuple.subarray(0, endOfOrder(tuple, 0));
}

function above(value: unknown): Uint8Array {
  const { tuple, shortened } = encodeTuple([value]);
  return shortened ? from(value) : join(tuple, everything.upper);
}

function below(value: unknown): Uint8Array {
  const { tuple, shortened } = encodeTuple([value]);
  return shortened ? successor(from(value)) : tuple;
}

function upTo(value: unknown): Uint8Array {
  const { tuple, shortened } = encodeTuple([value]);
  return shortened ? successor(from(value)) : join(tuple, everything.upper);
}

function startOfKind(value: unknown): Uint8Array {
  return Uint8Array.of(kindByte(kindOf(value)));
}

function endOfKind(value: unknown): Uint8Array {
  return successor(startOfKind(value));
}

/** The least bytes greater than all that start with these. They begin with a kind, so there are some. */
function successor(bytes: Uint8Array): Uint8Array {
  let length = bytes.length;
  while (bytes[length - 1] === 0xff) length--;
  const next = new Uint8Array(bytes.subarray(0, length)); // a copy: of a Buffer, `slice` would be none
  next[length - 1] = (next[length - 1] as number) + 1;
  return next;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
