/**
 * The order and the equality of values in queries.
 *
 * Between kinds: missing, null, booleans, numbers, strings, dates, bytes, everything else. Within a kind its own order; everything else (arrays, objects, Map, Set) is
 * equal among itself where it is ordered, and compared whole where it is tested by `eq`. Numbers and bigints are one kind and compared by what they amount to; NaN
 * comes before all of them, and -0 equals 0.
 */
import { bytesToBase64 } from "../base64.ts";
import { compareBytes } from "../bytes-order.ts";
import { compareKeys } from "../keys.ts";

export const kinds = {
  missing: 0,
  null: 1,
  boolean: 2,
  number: 3,
  string: 4,
  date: 5,
  bytes: 6,
  other: 7,
} as const;

export type Kind = (typeof kinds)[keyof typeof kinds];

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "undefined":
      return kinds.missing;
    case "boolean":
      return kinds.boolean;
    case "number":
    case "bigint":
      return kinds.number;
    case "string":
      return kinds.string;
    default:
      if (value === null) return kinds.null;
      if (value instanceof Date) return kinds.date;
      return value instanceof Uint8Array ? kinds.bytes : kinds.other;
  }
}

/** Negative, zero or positive. `undefined` is what is missing. */
export function compareValues(a: unknown, b: unknown): number {
  const kind = kindOf(a);
  const order = kind - kindOf(b);
  return order === 0 ? compareWithin(kind, a, b) : order;
}

/** Both of this kind. */
function compareWithin(kind: Kind, a: unknown, b: unknown): number {
  switch (kind) {
    case kinds.boolean:
      return Number(a) - Number(b);
    case kinds.number:
      return compareNumbers(a as number, b as number);
    case kinds.string:
      return compareKeys(a as string, b as string);
    case kinds.date:
      return (a as Date).getTime() - (b as Date).getTime();
    case kinds.bytes:
      return compareBytes(a as Uint8Array, b as Uint8Array);
    default:
      return 0;
  }
}

/** A number and a bigint are compared exactly. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(!Number.isNaN(a)) - Number(!Number.isNaN(b));
}

/** A test for being equal to the value, which is made ready once. */
export function equalTo(value: unknown): (other: unknown) => boolean {
  const kind = kindOf(value);
  if (kind !== kinds.other) return (other) => kindOf(other) === kind && compareWithin(kind, value, other) === 0;
  const text = canonical(value);
  return (other) => kindOf(other) === kind && canonical(other) === text;
}

/** A text that two values share if and only if they are equal: whatever the order of properties, of the entries of a Map and of the items of a Set. */
export function canonical(value: unknown): string {
  switch (kindOf(value)) {
    case kinds.number:
      return typeof value === "bigint" ? `${value}` : canonicalNumber(value as number);
    case kinds.date:
      return `d${(value as Date).getTime()}`;
    case kinds.bytes:
      return `b${bytesToBase64(value as Uint8Array)}`;
    case kinds.other:
      return canonicalContainer(value as object);
    default:
      return `${JSON.stringify(value)}`;
  }
}

function canonicalNumber(value: number): string {
  return Number.isInteger(value) ? `${BigInt(value)}` : `${value}`;
}

function canonicalContainer(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value instanceof Set) return `s[${Array.from(value, canonical).sort().join()}]`;
  if (value instanceof Map) {
    return `m[${Array.from(value, ([key, item]) => `${canonical(key)}:${canonical(item)}`)
      .sort()
      .join()}]`;
  }
  const fields = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`);
  return `{${fields.sort().join()}}`;
}
