/** The kit's own assertions: few, without a test runner, and with messages that say what was promised and what was found. */
import { type ErrorCode, PersistError } from "@cuitty/persist-core";
import { isEqual } from "./equality.ts";
import { show } from "./show.ts";

/** A broken promise. */
export class Failure extends Error {
  override readonly name = "Failure";
}

export function fail(message: string): never {
  throw new Failure(message);
}

/** `what` names the thing: "the second page". */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!isEqual(actual, expected)) fail(`${what}: expected ${show(expected)}, found ${show(actual)}`);
}

/** As {@link equal}, and properties stand in the same order. */
export function identical(actual: unknown, expected: unknown, what: string): void {
  if (!isEqual(actual, expected, true)) fail(`${what}: expected exactly ${show(expected)}, found ${show(actual)}`);
}

/** `what` is the sentence that must be true. */
export function holds(condition: boolean, what: string): asserts condition {
  if (!condition) fail(`not so: ${what}`);
}

/** The value, which must be there. */
export function present<T>(value: T, what: string): NonNullable<T> {
  return value ?? fail(`${what}: nothing there`);
}

/** Does the work, which must fail with a PersistError of this code (or one of these). Answers the error. */
export async function refused(
  work: () => unknown,
  code: ErrorCode | readonly ErrorCode[],
  what: string,
): Promise<PersistError> {
  const codes = typeof code === "string" ? [code] : code;
  let answer: unknown;
  try {
    answer = await work();
  } catch (error) {
    if (PersistError.is(error) && codes.includes(error.code)) return error;
    return fail(`${what}: expected ${codes.join(" or ")}, failed with ${show(error)}`);
  }
  return fail(`${what}: expected ${codes.join(" or ")}, but it succeeded with ${show(answer)}`);
}
