/**
 * Paths into documents: `"address.city"`. A dot that belongs to a name is written `"\\."`, and a backslash stands for whatever follows it. Only own properties
 * are followed, so `__proto__` is data; an item of an array is reached by its number.
 */
import { PersistError } from "../errors.ts";

export interface Path {
  /** As it was written. */
  readonly text: string;
  readonly steps: readonly string[];
}

const maxLength = 1000;

/** `what` names it in messages: `records.list: where`. Throws INVALID_ARGUMENT. */
export function parsePath(text: unknown, what: string): Path {
  if (typeof text !== "string") {
    throw new PersistError("INVALID_ARGUMENT", `${what}: a path is a string such as "address.city".`);
  }
  if (text.length > maxLength) {
    throw new PersistError("INVALID_ARGUMENT", `${what}: a path has at most ${maxLength} characters.`);
  }
  if (!text.includes("\\")) return { text, steps: text.split(".") };
  const steps = [""];
  for (let i = 0; i < text.length; i++) {
    let character = text[i] as string;
    if (character === ".") {
      steps.push("");
      continue;
    }
    if (character === "\\") {
      i++;
      if (i === text.length) {
        throw new PersistError(
          "INVALID_ARGUMENT",
          `${what}: the path ${JSON.stringify(text)} ends in a lone backslash. A backslash itself is written as two.`,
        );
      }
      character = text[i] as string;
    }
    steps[steps.length - 1] += character;
  }
  return { text, steps };
}

/** Whether they lead to the same place, however they are written. */
export function isSamePath(a: Path, b: Path): boolean {
  return a.steps.length === b.steps.length && a.steps.every((step, i) => step === b.steps[i]);
}

/** What is there; `undefined` where nothing is. */
export function valueAt(document: unknown, { steps }: Path): unknown {
  let value = document;
  for (const step of steps) {
    if (!hasInside(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function hasInside(value: unknown, step: string): boolean {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return false;
  if (Array.isArray(value)) return step !== "length";
  return !(value instanceof Uint8Array);
}
