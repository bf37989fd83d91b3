/** Cursors of listings: where a page ended, bound to its query. Opaque to users, and not trusted when they come back. */
import { base64ToBytes, bytesToBase64 } from "./base64.ts";
import { PersistError } from "./errors.ts";
import { hashRows } from "./row-hash.ts";

/** Longer ones are none of ours: one of an ordered query holds the values that its last entry is ordered by. */
const maxLength = 64 * 1024 * 1024;

export function encodeCursor(query: readonly unknown[], after: string): string {
  const bytes = new TextEncoder().encode(JSON.stringify([1, fingerprint(query), after]));
  return bytesToBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Where the page ended. Throws INVALID_ARGUMENT where the cursor is malformed or of another query. */
export function decodeCursor(query: readonly unknown[], cursor: string): string {
  const [format, print, after] = parse(cursor);
  if (format !== 1 || typeof print !== "string" || typeof after !== "string") {
    throw new PersistError("INVALID_ARGUMENT", "The cursor is malformed. Pass one that a page returned, unchanged.");
  }
  if (print !== fingerprint(query)) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      "The cursor belongs to another query. Pass it with the same options as the page that returned it.",
    );
  }
  return after;
}

function parse(cursor: unknown): readonly unknown[] {
  if (typeof cursor !== "string" || cursor.length > maxLength) return [];
  try {
    const bytes = base64ToBytes(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

function fingerprint(query: readonly unknown[]): string {
  return hashRows([{ key: JSON.stringify(query), version: "" }]);
}
