/** What a field may be tested by: each operator makes a predicate of its operand, once. */
import { canonical, compareValues, equalTo, type Kind, kindOf, kinds } from "./kinds.ts";

/** `undefined` is what is missing. */
export type Predicate = (value: unknown) => boolean;

/** Calls `refuse` where the operand is none for this operator. */
type MakePredicate = (operand: unknown, refuse: (problem: string) => never) => Predicate;

export type Operator =
  | "eq"
  | "ne"
  | "gt"
  | "gte"
  | "lt"
  | "lte"
  | "in"
  | "notIn"
  | "startsWith"
  | "contains"
  | "exists";

const ordered: ReadonlySet<Kind> = new Set([kinds.boolean, kinds.number, kinds.string, kinds.date, kinds.bytes]);

/** Holds between two values of one kind only. */
function comparison(holds: (order: number) => boolean): MakePredicate {
  return (operand, refuse) => {
    const kind = kindOf(operand);
    if (!ordered.has(kind)) refuse("compares with a number, string, date, boolean or bytes");
    return (value) => kindOf(value) === kind && holds(compareValues(value, operand));
  };
}

const isOneOf: MakePredicate = (operand, refuse) => {
  if (!Array.isArray(operand)) refuse("takes an array of values");
  const texts = new Set((operand as unknown[]).map(canonical));
  return (value) => texts.has(canonical(value));
};

export const operators: Readonly<Record<Operator, MakePredicate>> = {
  eq: equalTo,
  ne: (operand) => not(equalTo(operand)),
  gt: comparison((order) => order > 0),
  gte: comparison((order) => order >= 0),
  lt: comparison((order) => order < 0),
  lte: comparison((order) => order <= 0),
  in: isOneOf,
  notIn: (operand, refuse) => not(isOneOf(operand, refuse)),
  startsWith(operand, refuse) {
    if (typeof operand !== "string") return refuse("takes a string");
    return (value) => typeof value === "string" && value.startsWith(operand);
  },
  contains(operand) {
    const isItem = equalTo(operand);
    return (value) => {
      if (Array.isArray(value)) return value.some(isItem);
      return typeof value === "string" && typeof operand === "string" && value.includes(operand);
    };
  },
  exists(operand, refuse) {
    if (typeof operand !== "boolean") refuse("takes true or false");
    return (value) => (value !== undefined) === operand;
  },
};

function not(predicate: Predicate): Predicate {
  return (value) => !predicate(value);
}
