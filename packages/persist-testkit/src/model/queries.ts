/** Queries of the model: one condition, tried on every document, and a sort of all that match. */

export type Path = "x" | "y" | "x.z";
export type Test = "is" | "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "in" | "notIn" | "startsWith" | "exists";

export interface Condition {
  readonly path: Path;
  readonly test: Test;
  /** A scalar; where the test takes several, an array of them. */
  readonly operand: unknown;
  /** The documents that do not match. */
  readonly not?: true;
}

export type Order = readonly (readonly [path: Path, direction: "asc" | "desc"])[];

export function matches(document: unknown, { path, test, operand, not }: Condition): boolean {
  return passes(valueAt(document, path), test, operand) !== (not === true);
}

/** Negative, zero or positive. */
export function compareBy(order: Order, a: unknown, b: unknown): number {
  for (const [path, direction] of order) {
    const found = compare(valueAt(a, path), valueAt(b, path));
    if (found !== 0) return direction === "asc" ? found : -found;
  }
  return 0;
}

function passes(value: unknown, test: Test, operand: unknown): boolean {
  const equals = (one: unknown) => kindOf(one) === kindOf(value) && compare(one, value) === 0;
  const isComparable = kindOf(value) === kindOf(operand);
  switch (test) {
    case "is":
    case "eq":
      return equals(operand);
    case "ne":
      return !equals(operand);
    case "in":
      return (operand as readonly unknown[]).some(equals);
    case "notIn":
      return !(operand as readonly unknown[]).some(equals);
    case "gt":
      return isComparable && compare(value, operand) > 0;
    case "gte":
      return isComparable && compare(value, operand) >= 0;
    case "lt":
      return isComparable && compare(value, operand) < 0;
    case "lte":
      return isComparable && compare(value, operand) <= 0;
    case "startsWith":
      return typeof value === "string" && value.startsWith(operand as string);
    case "exists":
      return (value !== undefined) === operand;
  }
}

function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** Between kinds in this order; what is of none of them comes last, all of it equal. */
const kinds: readonly ((value: unknown) => boolean)[] = [
  (value) => value === undefined,
  (value) => value === null,
  (value) => typeof value === "boolean",
  (value) => typeof value === "number" || typeof value === "bigint",
  (value) => typeof value === "string",
  (value) => value instanceof Date,
  (value) => value instanceof Uint8Array,
  () => true,
];

function kindOf(value: unknown): number {
  return kinds.findIndex((isOfKind) => isOfKind(value));
}

function compare(a: unknown, b: unknown): number {
  if (kindOf(a) !== kindOf(b)) return kindOf(a) - kindOf(b);
  if (typeof a === "string") return compareLists(codePoints(a), codePoints(b as string));
  if (a instanceof Uint8Array) return compareLists([...a], [...(b as Uint8Array)]);
  if (a instanceof Date) return a.getTime() - (b as Date).getTime();
  if (typeof a !== "number" && typeof a !== "bigint" && typeof a !== "boolean") return 0;
  const [x, y] = [a, b] as [number, number];
  if (x < y || (Number.isNaN(x) && !Number.isNaN(y))) return -1;
  return x > y || (Number.isNaN(y) && !Number.isNaN(x)) ? 1 : 0;
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) as number);
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((item, place) => item !== b[place]);
  if (i === -1) return a.length - b.length;
  return i < b.length ? (a[i] as number) - (b[i] as number) : 1;
}
