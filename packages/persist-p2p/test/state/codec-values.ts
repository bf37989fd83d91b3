/** Values for property tests, and what they look like once they have been through a merge. */
import { compareKeys, decode, encode } from "@cuitty/persist-core";
import fc from "fast-check";

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.constantFrom(1e300, 2 ** 60, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 5e-324, 0.1),
  fc.bigInt(),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 4 }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 8 }),
);

const key = fc.oneof(
  fc.constantFrom("a", "b", "c", "", "10", "9", "\u{10000}", "\uffee", "\ud800"),
  fc.constantFrom("$n", "$i", "$d", "$b", "$m", "$s", "$$n", "$", "__proto__", "constructor", "toJSON"),
  fc.string(),
);

function toObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** Everything that the codec knows. */
export const codecValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map(toObject),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).value;

/** Records that have much in common with one another. */
export const record: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom("x", "y", "", 0.5, 1e300, null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "$d"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

/** The text with the keys of plain objects in byte order, as far as an object can have them. */
export function canonical(text: string): string {
  return encode(sorted(decode(text)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  if (entries.some(([name]) => name === "__proto__" || !name.isWellFormed())) return value;
  return toObject(entries.sort(([a], [b]) => compareKeys(a, b)).map(([name, item]) => [name, sorted(item)]));
}
