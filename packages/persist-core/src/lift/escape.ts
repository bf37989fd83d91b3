/**
 * Any text as printable ASCII that is safe in object keys, URLs and file names, and still readable: `users/42.json` becomes `users.f42.ejson`.
 *
 * | code points | escaped |
 * |---|---|
 * | U+0000 – `,` | `!` and two hex digits |
 * | `-`, `0`–`9`, `_`, `` ` ``, `a`–`z` | as they are |
 * | `.` and `/` | `.e` and `.f` |
 * | `:` – `@` | `=` and two hex digits |
 * | `A`–`Z` | `=a` – `=z` |
 * | `[` – `^` | `^b` – `^e` |
 * | `{` – U+FFFF | `~` and four hex digits |
 * | above | `~g` and six hex digits |
 *
 * The codes ascend as the code points do, and none begins another. So the order of escaped texts (by any comparison: they are ASCII) is the byte order of the
 * texts in UTF-8, a prefix of a text escapes to a prefix, and every text can be had back. No capital letter is left, so that file systems that do not tell
 * them apart tell these apart; a dot is never last.
 */
const plain = /^[-0-9_`a-z]*$/;

/** By code point. */
const asciiCodes: readonly string[] = Array.from({ length: 128 }, (_, point) => codeOf(point));

export function escapeText(text: string): string {
  if (plain.test(text)) return text;
  let escaped = "";
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    escaped += asciiCodes[point] ?? codeOf(point);
  }
  return escaped;
}

const codes = /!(..)|\.(.)|=([a-z])|=(..)|\^(.)|~g(.{6})|~(.{4})/g;

/** `undefined` where {@link escapeText} made no such text. */
export function unescapeText(escaped: string): string | undefined {
  if (plain.test(escaped)) return escaped;
  const text = escaped.replace(
    codes,
    (
      _,
      control?: string,
      dot?: string,
      capital?: string,
      sign?: string,
      bracket?: string,
      high?: string,
      low?: string,
    ) => {
      if (capital !== undefined) return capital.toUpperCase();
      const prefix = dot !== undefined ? "2" : bracket !== undefined ? "5" : "";
      const point = Number.parseInt(prefix + (control ?? dot ?? sign ?? bracket ?? high ?? low), 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : "";
    },
  );
  return escapeText(text) === escaped ? text : undefined;
}

function codeOf(point: number): string {
  const character = String.fromCodePoint(point);
  if (plain.test(character)) return character;
  if (point < 0x2d) return `!${hex(point, 2)}`;
  if (point < 0x30) return `.${hex(point, 2).slice(1)}`;
  if (point < 0x41) return `=${hex(point, 2)}`;
  if (point < 0x5b) return `=${character.toLowerCase()}`;
  if (point < 0x5f) return `^${hex(point, 2).slice(1)}`;
  return point > 0xffff ? `~g${hex(point, 6)}` : `~${hex(point, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
