import fc from "fast-check";

/** Around where a component is shortened, with what has to be escaped there. */
const longText = fc
  .tuple(
    fc.integer({ min: 104, max: 114 }),
    fc.constantFrom("a", "\0", "é"),
    fc.string({ unit: "binary", maxLength: 8 }),
  )
  .map(([length, unit, end]) => unit.repeat(length) + end);

/** Few, so that equal ones meet, and near to each other. */
export const text: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.string({
      unit: fc.constantFrom("a", "b", "\0", "\u0001", "ÿ", "\uffff", "😀", "\ud800", "\udc00"),
      maxLength: 4,
    }),
  },
  fc.string({ unit: "binary", maxLength: 6 }),
  longText,
);

const near53 = fc.bigInt({ min: -3n, max: 3n }).map((n) => 2n ** 53n + n);

export const number: fc.Arbitrary<number | bigint> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    5e-324,
    2 ** 53,
    0.5,
  ),
  fc.double(),
  fc.bigInt({ min: -3n, max: 3n }),
  near53,
  near53.map((n) => -n),
  fc.constantFrom(2n ** 1024n, 2n ** 1024n - 1n, 2n ** 1030n, -(2n ** 1024n), -(2n ** 1030n), BigInt(Number.MAX_VALUE)),
);

export const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 3, min: 0, max: 2 }) },
  fc.uint8Array({ minLength: 107, maxLength: 113, min: 0, max: 1 }),
);

export const scalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  number,
  text,
  fc.integer({ min: -2, max: 2 }).map((ms) => new Date(ms)),
  bytes,
);

const small = fc.constantFrom(0, -0, 1, 1n, "a", null, true);

export const container: fc.Arbitrary<unknown> = fc.oneof(
  fc.array(small, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("x", "y"), small, { maxKeys: 2 }),
  fc.array(small, { maxLength: 2 }).map((items) => new Set(items)),
  fc.array(fc.tuple(small, small), { maxLength: 2 }).map((entries) => new Map(entries)),
);

export const value: fc.Arbitrary<unknown> = fc.oneof({ weight: 5, arbitrary: scalar }, container);
