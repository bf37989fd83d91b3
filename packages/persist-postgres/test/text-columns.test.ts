import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test } from "vitest";
import { columnsOfTexts, toTexts } from "../src/text-columns.ts";
import { connect } from "./feed-reader.ts";

const missing = mayBeMissing(() => findPostgres());

test("the delimiter is one character, unless a field has it", () => {
  expect(toTexts([["a", "b"]])).toEqual({ delimiter: "\u0001", columns: ["a\u0001b"] });
  expect(toTexts([["a\u0001"], ["\u0001\u0002"]]).delimiter).toBe("\u0001\u0002\u0002");
});

describe.skipIf(missing)(`text columns${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  test.each([
    ["plain", ["a", "b", "c"]],
    ["empty fields", ["", "b", ""]],
    [
      "fields with delimiters at their ends",
      ["\u0001", "a\u0001", "\u0002\u0001\u0002", "\u0001\u0001", "\u0002\u0002"],
    ],
    ["characters of several units", ["\u{1F600}", "é\u0001", "\u0002ü"]],
  ])("are taken apart as they were: %s", async (_, fields) => {
    const sql = connect(database.url);
    const numbers = fields.map((_, i) => String(i));
    const { delimiter, columns } = toTexts([fields, numbers]);
    const rows = await sql.unsafe(`select * from ${columnsOfTexts(["field", "number"], 2, "$1")}`, [
      delimiter,
      ...columns,
    ]);
    expect(rows.map((row) => ({ ...row }))).toEqual(
      fields.map((field, i) => ({ field, number: String(i), n: String(i + 1) })),
    );
  });
});
