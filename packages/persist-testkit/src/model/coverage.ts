/** What random sequences have met: a generator that never makes something proves nothing about it, and nobody would see. */
import type { Operation } from "./operations.ts";

type Kind = Operation["do"];

const conditions = ["anything", "nothing", "current", "stale"];
const blobConditions = ["anything", "nothing", "current"];
const range = ["prefix", "start", "startAfter", "end", "reverse", "limit", "batchSize"];

interface Choices {
  /** Options that are there or not. */
  readonly options?: readonly string[];
  /** Fields of which each value must have been met. */
  readonly fields?: Readonly<Record<string, readonly unknown[]>>;
}

const queryOptions = ["condition", "orderBy", "reverse", "limit", "batchSize"];
const tests = ["is", "eq", "ne", "gt", "gte", "lt", "lte", "in", "notIn", "startsWith", "exists"];
const query: Choices = {
  options: queryOptions,
  fields: { path: ["x", "y", "x.z"], test: tests, not: [true, undefined] },
};

const direction = { backward: [true, false] };
const listing: Choices = { options: range };

/** All kinds, and what they can be told. */
const kinds: Readonly<Record<Kind, Choices>> = {
  "kv.set": { options: ["ttl"], fields: { expect: conditions } },
  "kv.setMany": { options: ["ttl"] },
  "kv.get": {},
  "kv.getEntry": {},
  "kv.getMany": {},
  "kv.has": {},
  "kv.delete": { fields: { expect: conditions } },
  "kv.increment": { options: ["ttl"] },
  "kv.update": { options: ["ttl"], fields: { change: ["count", "replace", "remove"] } },
  "kv.touch": { fields: { ttl: [10, 1000, null] } },
  "kv.list": listing,
  "kv.keys": listing,
  "kv.pages": listing,
  "kv.clear": {},
  "records.put": { options: ["ttl"], fields: { expect: conditions } },
  "records.insert": { options: ["ttl"] },
  "records.putMany": {},
  "records.get": {},
  "records.getMany": {},
  "records.patch": {},
  "records.delete": { fields: { expect: conditions } },
  "records.list": listing,
  "records.pages": listing,
  "records.clear": {},
  "blobs.put": { fields: { expect: blobConditions } },
  "blobs.get": {},
  "blobs.head": {},
  "blobs.delete": { fields: { expect: blobConditions } },
  "blobs.list": listing,
  "blobs.clear": {},
  "events.append": { fields: { expect: ["any", "noStream", "streamExists", "head", "beyond"] } },
  "events.read": { fields: direction },
  "events.head": {},
  "events.streams": listing,
  "events.truncate": {},
  "events.deleteStream": {},
  "events.readAll": { fields: direction },
  transaction: { fields: { ends: ["commit", "throw"] } },
  "collection.list": query,
  "collection.count": query,
  "collection.index": {},
  advance: {},
  reopen: {},
};

export interface Coverage {
  count(sequence: readonly Operation[]): void;
  /** What should have been met and was not: how an operation was told, two options together, or one kind right after another. */
  missing(): string[];
  /** How many things should be met. */
  readonly wanted: number;
}

export function createCoverage(): Coverage {
  const wanted = new Set([...Object.entries(kinds).flatMap(choicesOf), ...followings()]);
  const left = new Set(wanted);

  const countOne = (operation: Operation) => {
    for (const met of meetings(operation)) left.delete(met);
    if (operation.do === "transaction") for (const one of operation.inner) countOne(one);
  };

  return {
    count(sequence) {
      for (const [i, operation] of sequence.entries()) {
        countOne(operation);
        const before = sequence[i - 1];
        if (before !== undefined) left.delete(following(before.do, operation.do));
      }
    },
    missing: () => [...left],
    wanted: wanted.size,
  };
}

const following = (before: string, after: string) => `${after} after ${before}`;

function followings(): string[] {
  const names = Object.keys(kinds);
  return names.flatMap((before) => names.map((after) => following(before, after)));
}

/** All that an operation of the kind can meet. */
function choicesOf([kind, { options = [], fields = {} }]: [string, Choices]): string[] {
  const alone = options.flatMap((option) => [told(option, true), told(option, false)]);
  const together = pairs(options).flatMap(([a, b]) =>
    [true, false].flatMap((isA) => [true, false].map((isB) => `${told(a, isA)} and ${told(b, isB)}`)),
  );
  const values = Object.entries(fields).flatMap(([name, all]) => all.map((value) => `with ${name}: ${value}`));
  return [kind, ...[...alone, ...together, ...values].map((choice) => `${kind} ${choice}`)];
}

/** What this one meets of that. */
function meetings(operation: Operation): string[] {
  const { options = [], fields = {} } = kinds[operation.do];
  const given: object = {
    ...operation,
    ...("range" in operation ? operation.range : {}),
    ...("query" in operation ? { ...operation.query.condition, ...operation.query } : {}),
  };
  const alone = options.map((option) => told(option, option in given));
  const together = pairs(alone).map(([a, b]) => `${a} and ${b}`);
  const values = Object.keys(fields).map((name) => `with ${name}: ${(given as Record<string, unknown>)[name]}`);
  return [operation.do, ...[...alone, ...together, ...values].map((choice) => `${operation.do} ${choice}`)];
}

function told(option: string, isGiven: boolean): string {
  return `${isGiven ? "with" : "without"} ${option}`;
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((a, i) => all.slice(i + 1).map((b): [T, T] => [a, b]));
}
