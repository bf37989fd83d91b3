/** Random documents, indexes and queries over them, made of few fields and few values, so that they meet. */
import fc from "fast-check";
import type { ReadyIndex } from "../../src/query/indexes.ts";
import type { Entry, NaiveQuery } from "./naive.ts";
import { container, scalar, text, value } from "./values.ts";

export const covered = "k/";

export interface World {
  readonly entries: readonly Entry[];
  readonly indexes: readonly ReadyIndex[];
  readonly queries: readonly (NaiveQuery & { readonly batchSize: number; readonly page: number })[];
}

const paths = ["a", "b", "c", "n.x", "n.y", "list.0", "__proto__"];
const path = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b") }, fc.constantFrom(...paths));

const common = fc.constantFrom<unknown>(0, -0, 1, 1n, 2, "a", "ab", "b", null, true, Number.NaN);
const longBeginning = fc.constantFrom(..."fedcba", "").map((end) => "long".repeat(30) + end);
const everyday = fc.oneof(
  { weight: 6, arbitrary: common },
  { weight: 1, arbitrary: longBeginning },
  { weight: 2, arbitrary: value },
);
/** Mostly what an index has to shorten, or can only just tell apart. */
const shortened = fc.oneof(
  { weight: 4, arbitrary: longBeginning },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(2n ** 53n, 2n ** 53n + 1n, 2n ** 1024n, 2n ** 1024n + 1n) },
  { weight: 1, arbitrary: container },
  { weight: 2, arbitrary: fc.constantFrom("\ud83d", "\ud83d\ude00", "\ud83da", "") },
);

function worldOf(field: fc.Arbitrary<unknown>, queries: number): fc.Arbitrary<World> {
  const object = fc
    .record(
      {
        a: field,
        b: field,
        c: field,
        n: fc.record({ x: field, y: field }, { requiredKeys: [] }),
        list: fc.array(field, { maxLength: 2 }),
        ["__proto__"]: field,
      },
      { requiredKeys: [] },
    )
    .map((fields) => Object.fromEntries(Object.entries(fields)));
  const document = fc.oneof({ weight: 8, arbitrary: object }, scalar, container);

  const key = fc
    .tuple(
      fc.constantFrom("k/", "k/", "k/", "k/a", "z/"),
      fc.string({ unit: fc.constantFrom("a", "b", "é", "😀", "\uffff"), minLength: 1, maxLength: 3 }),
    )
    .map(([prefix, end]) => prefix + end);

  const entries = fc.uniqueArray(fc.record({ key, value: document }), {
    maxLength: 40,
    selector: (entry) => entry.key,
  });

  const indexes = fc
    .array(
      fc.record({ paths: fc.uniqueArray(path, { minLength: 1, maxLength: 4 }), unique: fc.nat(3).map((n) => n === 0) }),
      { maxLength: 4 },
    )
    .map((list) => list.map((index, i) => ({ ...index, name: `by ${index.paths.join()}`, id: `i${i}` })));

  const tests = fc
    .oneof(
      { weight: 3, arbitrary: fc.record({ eq: field }) },
      fc.record({ ne: field }),
      ...(["gt", "gte", "lt", "lte"] as const).map((name) =>
        fc.record({ [name]: fc.oneof(field, scalar).filter((operand) => operand !== null && !isContainer(operand)) }),
      ),
      { weight: 2, arbitrary: fc.record({ in: fc.array(field, { maxLength: 3 }) }) },
      fc.record({ notIn: fc.array(field, { maxLength: 3 }) }),
      fc.record({
        startsWith: fc.oneof(
          text,
          field.filter((prefix) => typeof prefix === "string"),
          fc.constantFrom("", "a", "long", "long".repeat(28)),
        ),
      }),
      fc.record({ contains: field }),
      fc.record({ exists: fc.boolean() }),
    )
    .chain((first) =>
      fc.oneof(
        fc.constant<Record<string, unknown>>(first),
        fc.record({ gt: common.filter((v) => v !== null) }).map((more) => ({ ...more, ...first })),
      ),
    );

  const condition = fc.oneof(
    { weight: 3, arbitrary: tests as fc.Arbitrary<unknown> },
    field.filter((operand) => Object.prototype.toString.call(operand) !== "[object Object]"),
  );

  const { where } = fc.letrec<{ where: Record<string, unknown> }>((tie) => ({
    where: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 4, arbitrary: fc.array(fc.tuple(path, condition), { minLength: 1, maxLength: 3 }).map(fieldsOf) },
      fc.record({ and: fc.array(tie("where"), { maxLength: 2 }) }),
      fc.record({ or: fc.array(tie("where"), { maxLength: 2 }) }),
      fc.record({ not: tie("where") }),
      fc
        .tuple(tie("where"), fc.array(fc.tuple(path, condition), { maxLength: 2 }))
        .map(([one, more]) => ({ ...one, ...fieldsOf(more) })),
    ),
  }));

  const query = fc.record(
    {
      where,
      orderBy: fc.array(fc.tuple(path, fc.constantFrom("asc", "desc")), { minLength: 1, maxLength: 3 }),
      prefix: fc.constantFrom("", "k/", "k/", "k/", "k/a"),
      start: key,
      end: key,
      reverse: fc.boolean(),
      limit: fc.integer({ min: 1, max: 12 }),
      batchSize: fc.constantFrom(1, 2, 3, 7, 500),
      page: fc.integer({ min: 1, max: 7 }),
    },
    { requiredKeys: ["batchSize", "page", "prefix"] },
  );

  return fc.record({
    entries,
    indexes,
    queries: fc.array(query, { minLength: queries, maxLength: queries }),
  }) as fc.Arbitrary<World>;
}

export const world = (queries: number): fc.Arbitrary<World> =>
  fc.oneof({ weight: 2, arbitrary: worldOf(everyday, queries) }, { weight: 1, arbitrary: worldOf(shortened, queries) });

/** `__proto__` as a field of its own. */
function fieldsOf(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(pairs);
}

function isContainer(operand: unknown): boolean {
  return typeof operand === "object" && !(operand instanceof Date) && !(operand instanceof Uint8Array);
}
