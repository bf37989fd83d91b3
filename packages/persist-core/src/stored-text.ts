/**
 * Encoded values as JSON data, so that other tools can read them. Where parsing and writing again would not give the same text, or where careless copying of
 * objects would lose something (a key `__proto__`, escaped characters), the text itself is stored, as `{"$text": "…"}`.
 */
import { corrupt } from "./lift/corrupt.ts";

const fragile = /"__proto__"|\\u/;

export function storedText(text: string): unknown {
  if (!fragile.test(text)) {
    try {
      const data: unknown = JSON.parse(text);
      if (JSON.stringify(data) === text && !isText(data)) return data;
    } catch {
      // Not JSON: stored as it is.
    }
  }
  return { $text: text };
}

export function textOf(data: unknown, physicalKey: string): string {
  if (isText(data)) return data.$text;
  const text = JSON.stringify(data) as string | undefined;
  if (text === undefined) throw corrupt(physicalKey, "its value is missing");
  return text;
}

function isText(data: unknown): data is { $text: string } {
  if (typeof data !== "object" || data === null) return false;
  return typeof (data as { $text?: unknown }).$text === "string" && Object.keys(data).length === 1;
}
