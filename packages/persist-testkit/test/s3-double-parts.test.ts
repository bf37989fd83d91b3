/** What the S3 double is made of, compared with the plainest way to do the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createByteReader } from "../src/s3-double/byte-reader.ts";
import { formEncode, fromUtf8, percentDecode, percentEncode, toUtf8 } from "../src/s3-double/byte-string.ts";
import { contentOf, joinContents, sliceOf } from "../src/s3-double/content.ts";
import { createKeyTable } from "../src/s3-double/key-table.ts";
import { type Page, pageOf } from "../src/s3-double/page.ts";
import { readRange } from "../src/s3-double/range.ts";
import { S3Error } from "../src/s3-double/s3-error.ts";
import { readXml, textOf } from "../src/s3-double/xml-reader.ts";
import { element, textElement } from "../src/s3-double/xml-writer.ts";

const key = fc.array(fc.constantFrom("a", "b", "/", "//", "é", "😀", "\uffff"), { minLength: 1, maxLength: 5 });
const keys = fc.array(
  key.map((parts) => fromUtf8(parts.join(""))),
  { maxLength: 30 },
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

describe("listings", () => {
  test("pages are, together, what one sorts and groups by hand", () => {
    fc.assert(
      fc.property(
        keys,
        fc.constantFrom("", "a", "/", fromUtf8("é")),
        fc.constantFrom("", "/", "//"),
        fc.integer({ min: 1, max: 4 }),
        (all, prefix, delimiter, most) => {
          const table = createKeyTable<{ readonly key: string }>();
          for (const one of all) table.set(one, { key: one });
          const found: string[] = [];
          let from: string | undefined = "";
          while (from !== undefined) {
            const page: Page<{ readonly key: string }> = pageOf(table, { prefix, delimiter, from, most });
            expect(page.entries.length).toBeLessThanOrEqual(most);
            found.push(...page.entries.map(({ item, group }) => item?.key ?? group ?? ""));
            from = page.next;
          }
          const entryOf = (one: string) => {
            const end = delimiter === "" ? -1 : one.indexOf(delimiter, prefix.length);
            return end < 0 ? one : one.slice(0, end + delimiter.length);
          };
          const sorted = all.map((one) => Buffer.from(one, "latin1")).sort(Buffer.compare);
          const entries = sorted.map((one) => one.toString("latin1")).filter((one) => one.startsWith(prefix));
          expect(found).toEqual([...new Set(entries.map(entryOf))]);
        },
      ),
    );
  });

  test("what is removed is not there", () => {
    fc.assert(
      fc.property(keys, keys, (added, removed) => {
        const table = createKeyTable<string>();
        for (const one of added) table.set(one, one);
        for (const one of removed) table.delete(one);
        const left = new Set(added.filter((one) => !removed.includes(one)));
        expect([...table.from("")]).toEqual([...left].sort());
        expect(table.size).toBe(left.size);
      }),
    );
  });
});

test("bytes come back from pieces as they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.array(bytes), { maxLength: 4 }), fc.nat(80), fc.nat(80), (parts, one, other) => {
      const content = joinContents(parts.map(contentOf));
      const whole = Buffer.concat(parts.flat());
      const [start = 0, end = 0] = [one, other].map((at) => Math.min(at, whole.length)).sort((a, b) => a - b);
      expect(Buffer.concat([...content.pieces(start, end)])).toEqual(whole.subarray(start, end));
      const slice = sliceOf(content, start, end);
      expect(Buffer.concat([...slice.pieces(0, slice.size)])).toEqual(whole.subarray(start, end));
    }),
  );
});

test("lines and runs are read across pieces", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 7 }), async (run, size) => {
      const sent = Buffer.concat([Buffer.from("line one\r\n"), run, Buffer.from("\r\nend")]);
      const pieces = async function* () {
        for (let start = 0; start < sent.length; start += size) yield sent.subarray(start, start + size);
      };
      const reader = createByteReader(pieces());
      expect(await reader.line()).toBe("line one");
      const got: Buffer[] = [];
      for await (const piece of reader.bytes(run.length)) got.push(piece);
      expect(Buffer.concat(got)).toEqual(run);
      expect([await reader.line(), await reader.isAtEnd()]).toEqual(["", false]);
      expect([await reader.line(), await reader.isAtEnd()]).toEqual([undefined, true]);
    }),
  );
});

test("keys survive both encodings", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(percentDecode(percentEncode(fromUtf8(text)))).toBe(fromUtf8(text));
      expect(decodeURIComponent(formEncode(fromUtf8(text)).replaceAll("+", " "))).toBe(text);
      expect(toUtf8(fromUtf8(text))).toBe(text);
    }),
  );
  expect(percentDecode("%2")).toBeUndefined();
});

describe("XML", () => {
  test("reads what it writes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(textOf(readXml(element("Root", [textElement("Key", text)])), "Key")).toBe(text);
      }),
    );
  });

  test("refuses anything else", () => {
    const malformed = ["", "x", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a>&x;</a>", "<a>&#xffffff;</a>"];
    const dangerous = ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "<a>".repeat(100), "<a><![CDATA[x]]></a>"];
    for (const text of [...malformed, ...dangerous]) expect(() => readXml(text), text).toThrow(S3Error);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("<", ">", "/", "a", "&", ";", "=", '"', " ") }), (text) => {
        try {
          readXml(text);
        } catch (error) {
          expect(error).toBeInstanceOf(S3Error);
        }
      }),
    );
  });
});

test("a range is within what there is", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.option(fc.nat(30)), fc.option(fc.nat(30)), (size, first, last) => {
      try {
        const range = readRange(`bytes=${first ?? ""}-${last ?? ""}`, size, true);
        if (range === undefined) return;
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(size);
      } catch (error) {
        expect(error).toMatchObject({ code: "InvalidRange" });
      }
    }),
  );
});
