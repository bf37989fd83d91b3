import { PersistError } from "../errors.ts";

/** What the adapter gave back is not what was put there. */
export function corrupt(physicalKey: string, problem: string): PersistError {
  return new PersistError(
    "CORRUPT",
    `What is stored under "${physicalKey}" is not what Persist stores there: ${problem}.`,
    {
      key: physicalKey,
    },
  );
}

/** The JSON object under the key. Throws CORRUPT unless it is one and `isSound` holds for it. */
export function expectObject<T extends object>(
  data: unknown,
  physicalKey: string,
  isSound: (candidate: { readonly [K in keyof T]?: unknown }) => boolean,
): T {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw corrupt(physicalKey, "it is no JSON object");
  if (!isSound(data)) throw corrupt(physicalKey, "a field is missing or of another type");
  return data as T;
}

/** A whole number of at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
