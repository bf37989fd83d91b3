/** `where`, parsed once into a predicate. What it refuses is INVALID_ARGUMENT, before anything is read. */
import { decode, encode } from "../codec.ts";
import { PersistError } from "../errors.ts";
import { didYouMean } from "../suggestions.ts";
import { canonical, kindOf, kinds } from "./kinds.ts";
import { type Operator, operators, type Predicate } from "./operators.ts";
import { type Path, parsePath, valueAt } from "./paths.ts";

/** One field tested by one operator. */
export interface Test {
  readonly path: Path;
  readonly operator: Operator;
  readonly operand: unknown;
}

export interface ParsedWhere {
  /** The same for the same conditions: a cursor belongs to it. */
  text(): string;
  /** What every match passes, and more may be asked of it: an index is chosen by these. */
  readonly required: readonly Test[];
  matches(document: unknown): boolean;
}

const operatorNames = Object.keys(operators);
const maxDepth = 32;
const maxTests = 1000;

export function parseWhere(operation: string, where: unknown): ParsedWhere {
  const required: Test[] = [];
  let tests = 0;

  const fail = (problem: string): never => {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: where ${problem}`, { operation });
  };

  /** `isRequired`: no match is without it. */
  const parseAll = (conditions: unknown, depth: number, isRequired: boolean): Predicate => {
    if (!isFields(conditions))
      return fail('takes an object of conditions, such as { status: "open", age: { gte: 18 } }.');
    if (depth > maxDepth) return fail(`is nested more than ${maxDepth} deep.`);
    const predicates = Object.entries(conditions).map(([name, condition]) => {
      if (condition === undefined) {
        return fail(`has ${quoted(name)} as undefined, which is no value. Leave it out, or ask for { exists: false }.`);
      }
      switch (name) {
        case "and":
          return every(listOf(name, condition).map((one) => parseAll(one, depth + 1, isRequired)));
        case "or": {
          const some = listOf(name, condition).map((one) => parseAll(one, depth + 1, false));
          return (document: unknown) => some.some((matches) => matches(document));
        }
        case "not": {
          const matches = parseAll(condition, depth + 1, false);
          return (document: unknown) => !matches(document);
        }
        default:
          return parseField(name, condition, isRequired);
      }
    });
    return every(predicates);
  };

  const listOf = (name: string, conditions: unknown): unknown[] =>
    Array.isArray(conditions) ? conditions : fail(`takes an array of conditions as ${quoted(name)}.`);

  const parseField = (name: string, condition: unknown, isRequired: boolean): Predicate => {
    const path = parsePath(name, `${operation}: where`);
    const predicates = (isFields(condition) ? Object.entries(condition) : [["eq", condition] as const]).map(
      ([operator, operand]) => parseTest(path, operator, operand, isRequired),
    );
    if (predicates.length === 0) {
      fail(`has no operator at ${quoted(name)}. To compare with an empty object, write { eq: {} }.`);
    }
    const holds = every(predicates);
    return (document) => holds(valueAt(document, path));
  };

  const parseTest = (path: Path, name: string, given: unknown, isRequired: boolean): Predicate => {
    if (!operatorNames.includes(name)) {
      const hint = didYouMean(name, operatorNames);
      fail(
        `has no operator ${quoted(name)} (at ${quoted(path.text)}).${hint} To compare with an object, write { eq: { … } }; for a field inside of one, "${path.text}.…".`,
      );
    }
    if (given === undefined) {
      fail(
        `has ${name} at ${quoted(path.text)} as undefined, which is no value. Leave it out, or use { exists: false }.`,
      );
    }
    if (++tests > maxTests) fail(`has more than ${maxTests} tests.`);
    const operator = name as Operator;
    const operand = ownCopy(given);
    if (isRequired) required.push({ path, operator, operand });
    return operators[operator](operand, (problem) => fail(`: ${name} ${problem} (at ${quoted(path.text)}).`));
  };

  const stored = encodeWhere(where, fail);
  return { text: () => canonical(decode(stored)), required, matches: parseAll(where, 0, true) };
}

/** Only what can be stored can be compared with. So it also is of bounded size and depth, and not within itself. */
function encodeWhere(where: unknown, fail: (problem: string) => never): string {
  try {
    return encode(where);
  } catch (error) {
    return fail(`holds what cannot be stored, and so cannot be compared. ${(error as Error).message}`);
  }
}

/** What the caller changes later changes nothing here. */
function ownCopy(value: unknown): unknown {
  return typeof value === "object" && value !== null ? decode(encode(value)) : value;
}

function isFields(value: unknown): value is Record<string, unknown> {
  if (kindOf(value) !== kinds.other || typeof value !== "object") return false;
  return !(Array.isArray(value) || value instanceof Map || value instanceof Set);
}

function every(predicates: readonly Predicate[]): Predicate {
  const [only] = predicates;
  if (only !== undefined && predicates.length === 1) return only;
  return (value) => predicates.every((holds) => holds(value));
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
