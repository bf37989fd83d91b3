import fc from "fast-check";
import { expect, it } from "vitest";
import { readHeaders, type Sidecar, sidecarOf, stamped, writeHeaders } from "../src/blob-headers.ts";

const stamp = { version: "v1", sha256: "ab".repeat(32), time: 1_700_000_000_000 };

function roundTrip(contentType: string, metadata: Record<string, string>, token?: string) {
  const { headers, aside } = writeHeaders({ contentType, metadata }, token);
  const written = token === undefined ? stamped(headers, stamp) : headers;
  const sidecar: Sidecar | undefined = aside && { place: "p", stamp, more: aside.more };
  expect(sidecarOf(written)).toBe(aside?.token);
  return { written, read: readHeaders(written, sidecar) };
}

it("leaves plain metadata readable", () => {
  const { written } = roundTrip("text/plain; charset=utf-8", { author: "Ada Lovelace", "x-1": "~" });
  expect(written).toEqual({
    contentType: "text/plain; charset=utf-8",
    metadata: {
      author: "Ada Lovelace",
      "x-1": "~",
      "persist-version": "v1",
      "persist-sha256": stamp.sha256,
      "persist-time": "1700000000000",
    },
  });
});

const text = fc.string({ unit: "binary", maxLength: 300 }).filter((one) => one.isWellFormed());
const name = fc.oneof(
  text.filter((one) => one !== ""),
  fc.constantFrom("Upper", "upper", "__proto__", "constructor", "persist-version", "persist-more", "with space", "a"),
);
const value = fc.oneof(text, fc.constantFrom("", " a", "a ", "a  b", "=?utf-8?Q?x?=", "plain", "\r\n"));
const metadata = fc
  .array(fc.tuple(name, value), { maxLength: 60 })
  .map((entries) => Object.fromEntries(entries))
  .filter((all) => Object.entries(all).reduce((sum, [a, b]) => sum + Buffer.byteLength(a + b), 0) <= 1024);
const type = fc.stringMatching(/^[\x20-\x7e]{1,255}$/).filter((one) => one.length <= 255);

it("keeps whatever metadata and type there are, in headers that every server takes", () => {
  fc.assert(
    fc.property(type, metadata, fc.boolean(), (contentType, all, isLong) => {
      const { written, read } = roundTrip(contentType, all, isLong ? "token" : undefined);
      expect(read.metadata).toEqual(all);
      expect(Object.keys(read.metadata).sort()).toEqual(Object.keys(all).sort());
      expect([read.contentType, read.stamp]).toEqual([contentType, stamp]);
      let size = 0;
      for (const [header, content] of Object.entries(written.metadata)) {
        expect(header).toMatch(/^[a-z0-9-]+$/);
        expect(content).toMatch(/^[!-~]([ -~]*[!-~])?$/);
        size += header.length + content.length;
      }
      expect(size).toBeLessThanOrEqual(2048);
    }),
    { numRuns: 300 },
  );
});

it("takes what others have written as it is", () => {
  const foreign = { contentType: "a/b", metadata: { note: "x", "persist-more": "no base64 of JSON" } };
  expect(readHeaders(foreign, undefined)).toEqual({ contentType: "a/b", metadata: { note: "x" } });
});
