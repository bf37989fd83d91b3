/**
 * Values as text: on-disk format 1.
 *
 * What JSON can hold is stored as plain JSON that any tool can read. The rest is stored as objects with one key:
 *
 * | value | text |
 * |---|---|
 * | `NaN`, `Infinity`, `-Infinity`, `-0` | `{"$n":"NaN"}` … `{"$n":"-0"}` |
 * | bigint | `{"$i":"9007199254740993"}` |
 * | Date | `{"$d":"2026-01-31T12:00:00.000Z"}` |
 * | Uint8Array | `{"$b":"aGVsbG8="}` (base64) |
 * | Map | `{"$m":[[key,value],…]}` |
 * | Set | `{"$s":[value,…]}` |
 *
 * An object of the user's whose only key starts with `$` gains one more `$`, and loses it when it is read. Properties that are `undefined` are left out. Lone
 * surrogates and NUL stay JSON escapes, so that the text is well-formed and without NUL.
 */
import { base64ToBytes, bytesToBase64 } from "./base64.ts";
import { PersistError } from "./errors.ts";
import { utf8Length } from "./keys.ts";

export const maxValueBytes: number = 1024 * 1024;
export const maxDepth = 100;

// Each item of a value takes at least two bytes of text. Without this bound, a small value that holds the same objects many times over would be walked for ever.
let itemsLeft = 0;

/** The value's text. Throws INVALID_VALUE with the path of what cannot be stored exactly, and TOO_LARGE above `limit` bytes (default 1 MiB). */
export function encode(value: unknown, limit: number = maxValueBytes): string {
  itemsLeft = limit / 2;
  const isWhole = isPlain(value, 0);
  itemsLeft = limit / 2;
  const text = JSON.stringify(isWhole ? value : tag(value, [], new Set()));
  if (text.length * 3 > limit && utf8Length(text) > limit) throw tooLarge(`${utf8Length(text)} bytes`, limit);
  return text;
}

/** A fresh copy of the value. Throws CORRUPT where the text was not made by {@link encode}. */
export function decode(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // Only a tag has a key that starts with $, so that nearly all values are ready. One character is found, or not, in a tenth of the time that two take.
    return text.includes("$") && text.includes('"$') ? untag(value) : value;
  } catch (cause) {
    if (PersistError.is(cause)) throw cause;
    throw corrupt("it is not JSON", cause);
  }
}

// ── encoding ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether JSON.stringify alone writes the value exactly. Must be quick: most values are. Anything doubtful is left to `tag`. */
function isPlain(value: unknown, depth: number): boolean {
  if (--itemsLeft < 0) return false;
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === maxDepth) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false;
    return hasOnlyItems(value);
  }
  if (!isObject(value)) return false;
  // The quickest way to all keys. It also meets enumerable ones of a prototype that was tampered with; what then is not plain, `tag` sorts out.
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (key.charCodeAt(0) === 0x24 || (item !== undefined && !isPlain(item, depth + 1))) return false;
  }
  return Object.getOwnPropertySymbols(value).length === 0;
}

/** The value as plain JSON data, with tags. `path` and `ancestors` lead from the top to here. */
function tag(value: unknown, path: (string | number)[], ancestors: Set<object>): unknown {
  if (--itemsLeft < 0) throw tooLarge("too many items", maxValueBytes);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $n: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $i: String(value) };
    case "undefined":
      throw invalid(
        path,
        path.length === 0
          ? "undefined is not a value; delete the entry instead"
          : "undefined is not a value (only properties of objects may be undefined; they are left out)",
      );
    case "object":
      break;
    default:
      throw invalid(path, `a ${typeof value} cannot be stored`);
  }
  if (value === null) return null;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(path, "an invalid Date cannot be stored");
    return { $d: value.toISOString() };
  }
  if (value instanceof Uint8Array) return { $b: bytesToBase64(value) };
  if (ancestors.has(value)) throw invalid(path, "the value contains itself");
  if (path.length === maxDepth) throw invalid(path, `the value is nested more than ${maxDepth} deep`);
  ancestors.add(value);
  const tagged = tagContainer(value, path, ancestors);
  ancestors.delete(value);
  return tagged;
}

function tagContainer(value: object, path: (string | number)[], ancestors: Set<object>): unknown {
  const inside = (item: unknown, step: string | number) => {
    path.push(step);
    const tagged = tag(item, path, ancestors);
    path.pop();
    return tagged;
  };
  if (Array.isArray(value)) {
    if (!hasOnlyItems(value)) throw invalid(path, "an array with properties of its own cannot be stored");
    // Array.from visits holes too, which `tag` refuses like any other undefined.
    return Array.from(value, (item, i) => inside(item, i));
  }
  if (value instanceof Map) {
    return { $m: Array.from(value, ([key, item], i) => [inside(key, i), inside(item, i)]) };
  }
  if (value instanceof Set) return { $s: Array.from(value, (item, i) => inside(item, i)) };
  if (!isObject(value)) {
    const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
    throw invalid(
      path,
      `an instance of ${typeof name === "string" && name !== "" ? name : "a class"} cannot be stored`,
    );
  }
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw invalid(path, "a property named by a symbol cannot be stored");
  const keys = Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] !== undefined);
  const only = keys.length === 1 ? keys[0] : undefined;
  const object = {};
  for (const key of keys) {
    const item = inside((value as Record<string, unknown>)[key], key);
    define(object, key === only && key.startsWith("$") ? `$${key}` : key, item);
  }
  return object;
}

/** Made by a literal or with no prototype, in this realm or another: its prototype is the end of the chain. */
function isObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype ||
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf"))
  );
}

/** No property beside its items; a hole is noticed as a missing item. */
function hasOnlyItems(array: readonly unknown[]): boolean {
  return Object.keys(array).length <= array.length && Object.getOwnPropertySymbols(array).length === 0;
}

// ── decoding ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function untag(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = untag(value[i]);
    return value;
  }
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  const only = keys.length === 1 ? (keys[0] as string) : "";
  if (only.startsWith("$$")) return define({}, only.slice(1), untag(object[only]));
  if (only.startsWith("$")) return untagged(only, object[only]);
  for (const key of keys) {
    const item = object[key];
    // The key `__proto__` is data like any other, but plain assignment to it would set the prototype.
    if (typeof item === "object" && item !== null) define(object, key, untag(item));
  }
  return object;
}

function untagged(name: string, content: unknown): unknown {
  const value = typeof content === "string" ? untaggedText(name, content) : untaggedItems(name, content);
  if (value === undefined)
    throw corrupt(`it has the tag ${JSON.stringify(name)} in a form that this version does not know`);
  return value;
}

function untaggedText(name: string, text: string): unknown {
  switch (name) {
    case "$n":
      return ["NaN", "Infinity", "-Infinity", "-0"].includes(text) ? Number(text) : undefined;
    case "$i":
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "$d": {
      const date = new Date(text);
      return Number.isNaN(date.getTime()) ? undefined : date;
    }
    case "$b":
      return base64ToBytes(text);
    default:
      return undefined;
  }
}

function untaggedItems(name: string, items: unknown): unknown {
  if (!Array.isArray(items)) return undefined;
  if (name === "$s") return new Set(items.map(untag));
  if (name !== "$m" || !items.every((pair) => Array.isArray(pair) && pair.length === 2)) return undefined;
  return new Map((items as [unknown, unknown][]).map(([key, item]) => [untag(key), untag(item)]));
}

function define(object: object, key: string, value: unknown): object {
  return Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

// ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function invalid(path: readonly (string | number)[], problem: string): PersistError {
  const where = path.reduce<string>(
    (text, step) =>
      text +
      (typeof step === "number" ? `[${step}]` : /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`),
    "value",
  );
  return new PersistError("INVALID_VALUE", `At ${where.length > 200 ? `${where.slice(0, 200)}…` : where}: ${problem}.`);
}

function tooLarge(size: string, limit: number): PersistError {
  return new PersistError(
    "TOO_LARGE",
    `The value is too large: ${size} when encoded; the limit is ${limit} bytes. Store large content with store.blobs and keep its key here.`,
  );
}

function corrupt(problem: string, cause?: unknown): PersistError {
  return new PersistError("CORRUPT", `A stored value cannot be read: ${problem}.`, { cause });
}
