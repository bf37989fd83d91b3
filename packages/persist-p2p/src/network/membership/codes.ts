/** Codes that people type: 80 bits in 16 characters that cannot be taken for one another, in groups of four. */
import { randomBytes } from "node:crypto";

/** Crockford's base32: no I, L, O, U. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const length = 16;

export function newCode(): string {
  const characters = Array.from(randomBytes(length), (byte) => alphabet[byte & 31]);
  return characters.join("").replace(/.{4}(?=.)/g, "$&-");
}

/** As it was made, however it was typed. `undefined` where it cannot be one. */
export function readCode(typed: unknown): string | undefined {
  if (typeof typed !== "string" || typed.length > 64) return undefined;
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replace(/[IL]/g, "1").replace(/O/g, "0");
  return code.length === length && [...code].every((character) => alphabet.includes(character)) ? code : undefined;
}
