/**
 * Keys: what is one, and their order.
 *
 * A key is a non-empty well-formed string without NUL, of at most 512 UTF-8 bytes, and is stored as it is: nothing is normalised, trimmed or rewritten. The order
 * of keys is that of their UTF-8 bytes, which is the order of code points, and not that of JavaScript's strings, which compare UTF-16 units.
 */
import { PersistError } from "./errors.ts";

export const maxKeyBytes = 512;
/** Of event types, ids, tags and consumer names. */
export const maxNameBytes = 128;

const namePattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Throws INVALID_KEY unless `key` is one. `what` names it in the message: "key", "stream". */
export function checkKey(key: unknown, what = "key", maxBytes: number = maxKeyBytes): asserts key is string {
  if (typeof key !== "string") throw invalid(what, `must be a string, not ${describe(key)}`);
  if (key.length === 0) throw invalid(what, "must not be empty");
  // A UTF-16 unit takes at most three bytes, so most keys need no count.
  if (key.length * 3 > maxBytes && utf8Length(key) > maxBytes) {
    throw invalid(what, `is ${utf8Length(key)} bytes long in UTF-8; the limit is ${maxBytes}`, key.slice(0, 64));
  }
  if (key.includes("\0")) throw invalid(what, "must not contain NUL (U+0000)");
  if (!key.isWellFormed()) throw invalid(what, "must be well-formed Unicode; it contains a lone surrogate");
}

/** Throws INVALID_KEY unless `prefix` could begin a key. The empty prefix begins every key. */
export function checkPrefix(prefix: unknown, what = "prefix"): asserts prefix is string {
  if (prefix !== "") checkKey(prefix, what);
}

/** Throws INVALID_ARGUMENT unless `name` is fit for a store, namespace, collection or bucket. */
export function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name === "string" && namePattern.test(name)) return;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 80)) : describe(name);
  throw new PersistError(
    "INVALID_ARGUMENT",
    `The ${what} must be 1 to 64 of the characters A-Z a-z 0-9 . _ - (it was ${shown}).`,
  );
}

/** Negative, zero or positive, by unsigned UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates (of code points above U+FFFF) come after every other unit in UTF-8, and not before U+E000 as in UTF-16.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** The least string greater than every string that starts with `prefix`; `undefined` where there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? 0;
    if (last === 0x10ffff) continue;
    const next = last === 0xd7ff ? 0xe000 : last + 1; // no scalar values between
    return points.join("") + String.fromCodePoint(next);
  }
  return undefined;
}

/** The length of a well-formed string in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A pair of surrogates is two units and four bytes, so each unit of it adds one; other units add one or two.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function invalid(what: string, problem: string, start?: string): PersistError {
  const which = start === undefined ? "" : ` (it starts ${JSON.stringify(start)})`;
  return new PersistError("INVALID_KEY", `The ${what} ${problem}${which}.`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : value === undefined ? "undefined" : `a ${typeof value}`;
}
