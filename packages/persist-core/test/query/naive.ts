/** Queries as their specification reads, over all documents at once: what the engine's answers are compared with. Shares no code with it. */

export interface Entry {
  readonly key: string;
  readonly value: unknown;
}

export interface NaiveQuery {
  readonly where?: Record<string, unknown>;
  readonly orderBy?: readonly (readonly [string, "asc" | "desc"])[];
  readonly prefix?: string;
  readonly start?: string;
  readonly end?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export function answer(entries: readonly Entry[], q: NaiveQuery): string[] {
  const found = entries.filter(
    ({ key, value }) =>
      key.startsWith(q.prefix ?? "") &&
      (q.start === undefined || byUnits(key, q.start) >= 0) &&
      (q.end === undefined || byUnits(key, q.end) < 0) &&
      matches(value, q.where ?? {}),
  );
  found.sort((a, b) => {
    for (const [path, direction] of q.orderBy ?? []) {
      const order = compare(at(a.value, path), at(b.value, path));
      if (order !== 0) return direction === "desc" ? -order : order;
    }
    return byUnits(a.key, b.key);
  });
  if (q.reverse === true) found.reverse();
  return found.map(({ key }) => key).slice(0, q.limit);
}

function matches(value: unknown, where: Record<string, unknown>): boolean {
  for (const [name, condition] of Object.entries(where)) {
    const list = condition as Record<string, unknown>[];
    if (name === "and") {
      for (const one of list) if (!matches(value, one)) return false;
    } else if (name === "or") {
      let any = false;
      for (const one of list) if (matches(value, one)) any = true;
      if (!any) return false;
    } else if (name === "not") {
      if (matches(value, condition as Record<string, unknown>)) return false;
    } else {
      const isTests = Object.prototype.toString.call(condition) === "[object Object]";
      const tests = isTests ? (condition as Record<string, unknown>) : { eq: condition };
      for (const [operator, operand] of Object.entries(tests))
        if (!passes(at(value, name), operator, operand)) return false;
    }
  }
  return true;
}

function passes(value: unknown, operator: string, operand: unknown): boolean {
  const sameKind = rank(value) === rank(operand);
  switch (operator) {
    case "eq":
      return equal(value, operand);
    case "ne":
      return !equal(value, operand);
    case "gt":
      return sameKind && compare(value, operand) > 0;
    case "gte":
      return sameKind && compare(value, operand) >= 0;
    case "lt":
      return sameKind && compare(value, operand) < 0;
    case "lte":
      return sameKind && compare(value, operand) <= 0;
    case "in":
      return (operand as unknown[]).some((one) => equal(value, one));
    case "notIn":
      return !(operand as unknown[]).some((one) => equal(value, one));
    case "startsWith":
      return typeof value === "string" && value.indexOf(operand as string) === 0;
    case "contains":
      if (typeof value === "string") return typeof operand === "string" && value.indexOf(operand) >= 0;
      return Array.isArray(value) && value.some((item) => equal(item, operand));
    case "exists":
      return operand === true ? value !== undefined : value === undefined;
    default:
      throw new Error(operator);
  }
}

/** Paths of the tests have no escapes. */
function at(value: unknown, path: string): unknown {
  let here = value;
  for (const name of path.split(".")) {
    const tag = Object.prototype.toString.call(here);
    if (tag === "[object Array]") here = /^\d+$/.test(name) ? (here as unknown[])[Number(name)] : undefined;
    else if (tag === "[object Object]") here = Object.getOwnPropertyDescriptor(here, name)?.value;
    else return undefined;
  }
  return here;
}

function rank(value: unknown): number {
  if (value === undefined) return 0;
  if (value === null) return 1;
  const type = typeof value;
  if (type !== "object") return ["boolean", "number", "string"].indexOf(type === "bigint" ? "number" : type) + 2;
  return Object.prototype.toString.call(value) === "[object Date]" ? 5 : ArrayBuffer.isView(value) ? 6 : 7;
}

function compare(a: unknown, b: unknown): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  switch (rank(a)) {
    case 2:
      return a === b ? 0 : a === true ? 1 : -1;
    case 3: {
      const aIsNaN = Number.isNaN(a);
      const bIsNaN = Number.isNaN(b);
      if (aIsNaN || bIsNaN) return aIsNaN && bIsNaN ? 0 : aIsNaN ? -1 : 1;
      return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
    }
    case 4:
      return byUnits(a as string, b as string);
    case 5:
      return (a as Date).valueOf() - (b as Date).valueOf();
    case 6:
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    default:
      return 0;
  }
}

/** Surrogates after all other units. */
function byUnits(a: string, b: string): number {
  const ranks = (text: string) =>
    text
      .split("")
      .map((unit) => unit.charCodeAt(0))
      .map((unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit));
  const x = ranks(a);
  const y = ranks(b);
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
  return x.length - y.length;
}

function equal(a: unknown, b: unknown): boolean {
  if (rank(a) !== rank(b)) return false;
  if (rank(a) !== 7) return compare(a, b) === 0;
  const tag = Object.prototype.toString.call(a);
  if (tag !== Object.prototype.toString.call(b)) return false;
  if (tag === "[object Array]") {
    const [x, y] = [a as unknown[], b as unknown[]];
    return x.length === y.length && x.every((item, i) => equal(item, y[i]));
  }
  if (tag === "[object Object]") return sameItems(Object.entries(a as object), Object.entries(b as object));
  return sameItems([...(a as Iterable<unknown>)], [...(b as Iterable<unknown>)]);
}

/** In any order. */
function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  const left = [...b];
  for (const item of a) {
    const i = left.findIndex((other) => equal(item, other));
    if (i < 0) return false;
    left.splice(i, 1);
  }
  return left.length === 0;
}
