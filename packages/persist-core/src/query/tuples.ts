/**
 * Tuples: lists of values as bytes that sort as the values do, for the entries of indexes.
 *
 * | value | component |
 * |---|---|
 * | missing, null | its kind |
 * | boolean | its kind, 0 or 1 |
 * | number | its kind, 8 bytes |
 * | bigint that no number is equal to | its kind, the greatest number below it, a mark, a hash |
 * | date | its kind, 8 bytes |
 * | string, bytes | its kind, its bytes (0 becomes 0 255), 0 |
 * | longer than 110 bytes so | its kind, the first 110, a mark, a hash |
 * | everything else | its kind, a mark, a hash |
 *
 * So no component is longer than 128 bytes. One that ends in a hash is _shortened_: among those with the same beginning the hash says nothing of the order, only that
 * equal values are together. The mark, 255, is greater than whatever else may follow, so that a beginning comes before what continues it.
 */
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { createSha256 } from "../sha256.ts";
import { canonical, type Kind, kindOf, kinds } from "./kinds.ts";

export const maxTuplePaths = 4;

export interface Tuple {
  readonly tuple: Uint8Array<ArrayBuffer>;
  /** Whether any component is. */
  readonly shortened: boolean;
}

/** Between a shortened beginning and its hash. */
export const mark = 0xff;
const maxContent = 110;
const hashBytes = 16;

/** `undefined` is what is missing. */
export function encodeTuple(values: readonly unknown[]): Tuple {
  const out: number[] = [];
  let shortened = false;
  for (const value of values) if (writeComponent(out, value)) shortened = true;
  return { tuple: new Uint8Array(out), shortened };
}

/** Quick, and `true` where it might be: whether the component of the value is shortened. */
export function mayBeShortened(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return value.length > maxContent / 4; // a unit takes at most four bytes
    case "bigint":
      return true;
    case "object":
      return value !== null && !(value instanceof Date);
    default:
      return false;
  }
}

/** The byte that begins the components of a kind. */
export function kindByte(kind: Kind): number {
  return (kind + 1) << 4;
}

/** What the components of all strings that start with the prefix start with. */
export function encodePrefix(prefix: string): Uint8Array<ArrayBuffer> {
  // Half a pair of surrogates would be encoded as what it is alone.
  const whole = isHighSurrogate(prefix.charCodeAt(prefix.length - 1)) ? prefix.slice(0, -1) : prefix;
  const out = [kindByte(kinds.string)];
  writeContent(out, textBytes(whole.slice(0, maxContent + 1)));
  return new Uint8Array(out);
}

/**
 * Up to which byte the tuple says the order: the end of the first mark at or after `from`, where a component begins. `undefined` where no component is shortened from there.
 */
export function endOfOrder(tuple: Uint8Array, from: number): number | undefined {
  for (let at = from; at < tuple.length; ) {
    const end = endOfContent(tuple, at);
    if (tuple[end] === mark) return end + 1;
    at = isText(tuple[at] as number) ? end + 1 : end;
  }
  return undefined;
}

/** Where the content of the component at `at` ends: at its 0, at its mark, or where the next one begins. */
function endOfContent(tuple: Uint8Array, at: number): number {
  switch (tuple[at]) {
    case kindByte(kinds.boolean):
      return at + 2;
    case kindByte(kinds.number):
    case kindByte(kinds.date):
      return at + 9;
    case kindByte(kinds.string):
    case kindByte(kinds.bytes): {
      const longest = at + 1 + maxContent;
      let end = at + 1;
      while (end < longest && (tuple[end] !== 0 || tuple[end + 1] === 0xff)) end += tuple[end] === 0 ? 2 : 1;
      return Math.min(end, longest);
    }
    default:
      return at + 1;
  }
}

function isText(byte: number): boolean {
  return byte === kindByte(kinds.string) || byte === kindByte(kinds.bytes);
}

/** Says whether it was shortened. */
function writeComponent(out: number[], value: unknown): boolean {
  const kind = kindOf(value);
  out.push(kindByte(kind));
  switch (kind) {
    case kinds.boolean:
      out.push(Number(value));
      return false;
    case kinds.number:
      return typeof value === "bigint" ? writeBigint(out, value) : writeNumber(out, value as number);
    case kinds.date:
      return writeNumber(out, (value as Date).getTime());
    case kinds.string: {
      const text = value as string;
      return writeText(out, textBytes(text.slice(0, maxContent + 1)), () => textBytes(text));
    }
    case kinds.bytes:
      return writeText(out, value as Uint8Array, () => value as Uint8Array);
    case kinds.other:
      return writeHash(out, utf8ToBytes(canonical(value)));
    default:
      return false;
  }
}

/** `head` is enough of it to see whether it is too long; `whole` is all. */
function writeText(out: number[], head: Uint8Array, whole: () => Uint8Array): boolean {
  if (!writeContent(out, head)) return writeHash(out, whole());
  out.push(0);
  return false;
}

/** As much as there is room for. Answers whether that is all. */
function writeContent(out: number[], bytes: Uint8Array): boolean {
  let left = maxContent;
  for (const byte of bytes) {
    if (left-- === 0) return false;
    out.push(byte);
    if (byte !== 0) continue;
    if (left-- === 0) return false;
    out.push(0xff);
  }
  return true;
}

function writeHash(out: number[], bytes: Uint8Array): true {
  const hash = createSha256();
  hash.update(bytes);
  out.push(mark, ...hexToBytes(hash.digest().slice(0, hashBytes * 2)));
  return true;
}

// ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const double = new DataView(new ArrayBuffer(8));

function writeNumber(out: number[], value: number): false {
  // NaN is nothing but zeros: before -Infinity. Adding 0 turns -0 into 0.
  double.setFloat64(0, value + 0);
  const first = Number.isNaN(value) ? 0 : double.getUint8(0);
  const flip = first >= 0x80 ? 0xff : 0;
  out.push(Number.isNaN(value) ? 0 : flip === 0 ? first ^ 0x80 : first ^ 0xff);
  for (let i = 1; i < 8; i++) out.push(Number.isNaN(value) ? 0 : double.getUint8(i) ^ flip);
  return false;
}

function writeBigint(out: number[], value: bigint): boolean {
  const below = numberBelow(value);
  writeNumber(out, below);
  if (Number.isFinite(below) && BigInt(below) === value) return false;
  return writeHash(out, utf8ToBytes(value.toString(16)));
}

/** The greatest number that is not above it. */
function numberBelow(value: bigint): number {
  const near = Number(value);
  if (near === Number.POSITIVE_INFINITY) return Number.MAX_VALUE;
  if (near === Number.NEGATIVE_INFINITY || BigInt(near) <= value) return near;
  double.setFloat64(0, near);
  double.setBigUint64(0, double.getBigUint64(0) + (near > 0 ? -1n : 1n));
  return double.getFloat64(0);
}

// ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** UTF-8, with room for lone surrogates where the order of keys has them: a high one right before all pairs that it begins, a low one after everything else. */
function textBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return utf8ToBytes(text);
  const out: number[] = [];
  for (const point of text) {
    const unit = point.charCodeAt(0);
    if (point.isWellFormed()) out.push(...utf8ToBytes(point));
    else if (isHighSurrogate(unit)) out.push(...utf8ToBytes(`${point}\udc00`).subarray(0, 3), 0x7f);
    else out.push(0xf8, 0x80 | ((unit & 0x3ff) >> 6), 0x80 | (unit & 0x3f));
  }
  return new Uint8Array(out);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
