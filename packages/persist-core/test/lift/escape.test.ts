import fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys } from "../../src/keys.ts";
import { escapeText, unescapeText } from "../../src/lift/escape.ts";
import { createLayout, cut, headLength, joinSegments, longestName, segments } from "../../src/lift/layout.ts";

/** Texts that share beginnings, and use every row of the table. */
const character = fc.oneof(
  fc.constantFrom(..."/.-_~!=^`@AZaz09{ \u0001\u00e9\ud7ff\ue000\uffff", "😀", "\u{10ffff}"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
);
const text = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(""));
const longText = fc
  .tuple(fc.constantFrom("a", "A", "é", "ab/"), fc.integer({ min: 0, max: 500 }), text)
  .map(([unit, count, rest]) => (unit.repeat(count) + rest).slice(0, 500))
  .filter((key) => key.isWellFormed());

test("escapes are printable, and readable where the text is", () => {
  expect(escapeText("users/42.json")).toBe("users.f42.ejson");
  expect(escapeText("0198c0de-7b1a-7000-8000-00aa11bb22cc")).toBe("0198c0de-7b1a-7000-8000-00aa11bb22cc");
  expect(escapeText("Bob_Smith@example.com é 😀")).toBe("=bob_=smith=40example.ecom!20~00e9!20~g01f600");
});

test("texts come back from their escapes", () => {
  fc.assert(fc.property(text, (a) => unescapeText(escapeText(a)) === a));
});

test("what is no escape is refused", () => {
  for (const escaped of [
    "A",
    "é",
    "!",
    "!0",
    "!zz",
    ".",
    ".a",
    "..",
    "=41",
    "=3",
    "^f",
    "~g110000",
    "~00e",
    "~0041",
    "a/b",
  ]) {
    expect(unescapeText(escaped)).toBeUndefined();
  }
});

test("escapes are ordered as the texts are", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const [x, y] = [escapeText(a), escapeText(b)];
      return Math.sign(compareKeys(a, b)) === (x < y ? -1 : x > y ? 1 : 0);
    }),
  );
});

test("a text begins another exactly where its escape does", () => {
  fc.assert(
    fc.property(text, text, fc.boolean(), (a, b, join) => {
      const whole = join ? a + b : b;
      const asKeys = segments(escapeText(whole)).startsWith(segments(escapeText(a)));
      return escapeText(whole).startsWith(escapeText(a)) === whole.startsWith(a) && asKeys === whole.startsWith(a);
    }),
  );
});

test("keys are safe as object keys and file names, however long or odd", () => {
  const names = fc.constantFrom("a", "CON", "..", ".", "-", "A".repeat(64), "my-app.v1");
  fc.assert(
    fc.property(names, fc.constantFrom("", "nul", "-", "Z".repeat(64)), longText, longText, (name, namespace, a, b) => {
      const layout = createLayout({ name, namespace });
      const keys = [
        layout.row("records", a),
        layout.indexEntry(a, `${"ff".repeat(512)}.${escapeText(b)}`),
        layout.eventId(a, b),
        layout.streamEvents(a, 7),
      ];
      for (const key of keys) {
        expect(key.length).toBeLessThanOrEqual(900);
        expect(key).toMatch(/^[\x21-\x7e]+$/);
        expect(key).toBe(key.toLowerCase());
        for (const segment of key.split("/")) {
          expect(segment.length).toBeLessThanOrEqual(255);
          expect(segment).toMatch(/^(-|_.*|[a-z-]+|\d{16})$/);
          expect(segment).not.toMatch(/[. ]$/);
        }
      }
    }),
  );
});

test("no key is a folder of another", () => {
  const layout = createLayout({ name: "a", namespace: "" });
  const keys = [199, 200, 201, 399, 400, 401, 600, 601].map((length) => layout.row("kv", "x".repeat(length)));
  for (const key of keys) for (const other of keys) expect(other.startsWith(`${key}/`)).toBe(false);
});

test("cut names keep the order of their heads, and differ where the names do", () => {
  fc.assert(
    fc.property(longText, longText, (a, b) => {
      const [x, y] = [a, b].map((key) => cut(escapeText(key), longestName)) as [string, string];
      const head = headLength(longestName);
      expect(x === y).toBe(a === b);
      expect(joinSegments(segments(x))).toBe(x);
      expect(x.slice(0, head)).toBe(escapeText(a).slice(0, head));
      if (x.slice(0, head) < y.slice(0, head)) expect(compareKeys(a, b)).toBeLessThan(0);
    }),
  );
});
