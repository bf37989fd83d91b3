/** Addition to an encoded number: what `kv.increment` means on every backend. */
import { decode, encode } from "./codec.ts";

/** The encoded sum, an absent value counting as 0; `undefined` where the value is not a number. */
export function addNumber(value: string | undefined, by: number): string | undefined {
  const current = value === undefined ? 0 : decode(value);
  return typeof current === "number" ? encode(current + by) : undefined;
}
