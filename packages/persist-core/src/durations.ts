import type { Duration, Expiry } from "./api/operations.ts";
import { PersistError } from "./errors.ts";

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds of a duration greater than 0. Throws INVALID_ARGUMENT, naming `what`. */
export function parseDuration(duration: unknown, what: string): number {
  let ms = Number.NaN;
  if (typeof duration === "number") ms = duration;
  else if (typeof duration === "string") {
    const match = pattern.exec(duration);
    if (match !== null) ms = Number(match[1]) * units[match[2] as keyof typeof units];
  }
  if (ms > 0 && ms <= Number.MAX_SAFE_INTEGER) return ms;
  throw new PersistError(
    "INVALID_ARGUMENT",
    `${what} must be more than 0: milliseconds as a number, or a text like "250ms", "30s", "15m", "12h", "7d" (it was ${JSON.stringify(duration) ?? typeof duration}).`,
  );
}

/** When an entry expires, in milliseconds since the epoch; `undefined`: never. */
export function parseExpiry(o: Expiry | undefined, now: () => number): number | undefined {
  if (o?.ttl === undefined && o?.expiresAt === undefined) return undefined;
  if (o.ttl !== undefined && o.expiresAt !== undefined) {
    throw new PersistError("INVALID_ARGUMENT", "Give ttl or expiresAt, not both.");
  }
  if (o.ttl !== undefined) return Math.ceil(now() + parseDuration(o.ttl satisfies Duration, "ttl"));
  const at = o.expiresAt instanceof Date ? o.expiresAt.getTime() : Number.NaN;
  if (Number.isNaN(at)) throw new PersistError("INVALID_ARGUMENT", "expiresAt must be a valid Date.");
  return at;
}
