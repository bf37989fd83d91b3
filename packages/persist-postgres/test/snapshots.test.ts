import { PersistError } from "@cuitty/persist-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cursor, decodeCursor, encodeCursor } from "../src/cursors.ts";
import { decodeSnapshot, encodeSnapshot, isSame, type Snapshot, simplify, toSnapshot } from "../src/snapshots.ts";
import { includes, lastXact, type Ranges, subtract, union, widen } from "../src/xact-ranges.ts";

const xact = fc.bigInt({ min: 1n, max: lastXact - 1n });
const small = fc.bigInt({ min: 1n, max: 400n });

/** As Postgres writes it, of numbers that lie close together anywhere. */
const pgSnapshot = fc
  .record({
    from: fc.bigInt({ min: 3n, max: lastXact - 2000n }),
    steps: fc.array(small, { maxLength: 300 }),
    end: small,
  })
  .map(({ from, steps, end }) => {
    const inFlight = [...new Set(steps)].sort((a, b) => (a < b ? -1 : 1)).map((step) => from + step);
    const last = (inFlight.at(-1) ?? from) + end;
    return { text: `${inFlight[0] ?? last}:${last}:${inFlight.join()}`, inFlight, end: last };
  });

const snapshot = pgSnapshot.map(({ text }) => simplify(toSnapshot(text, 0n)));

const cursor: fc.Arbitrary<Cursor> = fc
  .record({
    lineage: fc.nat(),
    told: fc.bigInt({ min: 0n, max: lastXact }),
    seen: snapshot,
    batch: fc.option(fc.record({ target: snapshot, place: fc.record({ xact, n: xact }) }), { nil: undefined }),
  })
  .map(({ batch, ...rest }) => (batch === undefined ? rest : { ...rest, batch }));

test("a snapshot does not see what was in flight, and what had not begun", () => {
  fc.assert(
    fc.property(pgSnapshot, fc.bigInt({ min: -10n, max: 1000n }), ({ text, inFlight, end }, offset) => {
      const number = (inFlight[0] ?? end) + offset;
      expect(includes(toSnapshot(text, 0n), number)).toBe(number >= end || inFlight.includes(number));
    }),
  );
  expect(toSnapshot("10:20:12,13,19", 5n)).toEqual([
    [17n, 18n],
    [24n, lastXact],
  ]);
});

test("simplified, it sees no more, and its text is short", () => {
  fc.assert(
    fc.property(pgSnapshot, ({ text }) => {
      const exact = toSnapshot(text, 0n);
      const simple = simplify(exact);
      expect(subtract(exact, simple)).toEqual([]);
      expect(simple.length).toBeLessThanOrEqual(101);
    }),
  );
  const gaps = Array.from({ length: 5000 }, (_, i) => 2n ** 62n + BigInt(i * 3));
  const many = simplify(toSnapshot(`${gaps[0]}:${2n ** 62n + 20_000n}:${gaps.join()}`, 0n));
  expect(encodeSnapshot(many).length).toBeLessThan(1000);
});

test("cursors are read as they were written, and nothing else is a cursor", () => {
  fc.assert(
    fc.property(cursor, (written) => {
      const text = encodeCursor(written);
      expect(text.length).toBeLessThanOrEqual(4096);
      expect(decodeCursor(text)).toEqual(written);
    }),
  );
  fc.assert(
    fc.property(cursor, fc.nat(), fc.constantFrom(..."019az.-_ A"), fc.boolean(), (written, at, char, insert) => {
      const text = encodeCursor(written);
      const i = at % text.length;
      const changed = text.slice(0, i) + char + text.slice(insert ? i : i + 1);
      let read: Cursor;
      try {
        read = decodeCursor(changed);
      } catch (error) {
        expect(PersistError.is(error, "INVALID_ARGUMENT")).toBe(true);
        return;
      }
      expect(encodeCursor(read)).toBe(changed); // one text for each
    }),
  );
});

test.each([
  "",
  "1",
  "1.0",
  "1.0.0",
  "1.0.0.0",
  "1.00.0.5",
  "2.0.0.5",
  "1.0.0.5-1",
  "1.0.0.5-2_9",
  "1.0.0.5-",
  "1.0.0.5-2_0",
  "1.0.0.A",
  "1.0.0.5 ",
  "1.0.0.5.6",
  "1.0.0.5.6.7",
  "1.0.0.1y2p0ij32e8e8",
  "1.zzzzzz9.0.5",
  "1.0.0.5; drop table kv",
])("%j is no cursor", (text) =>
  expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" })),
);

test("the text of a snapshot in which nothing was in flight is short", () => {
  const idle: Snapshot = toSnapshot("123456789012:123456789012:", 0n);
  expect(encodeSnapshot(idle)).toBe("1kpqzg2c");
  expect(decodeSnapshot("1kpqzg2c")).toEqual(idle);
});

test("ranges are sets", () => {
  const ranges = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 6 })), { maxLength: 8 })
    .map((list) => list.reduce<Ranges>((all, [from, more]) => union(all, [[BigInt(from), BigInt(from + more)]]), []));
  fc.assert(
    fc.property(ranges, ranges, fc.integer({ min: 1, max: 5 }), (some, others, most) => {
      for (let i = 0n; i < 70n; i++) {
        expect(includes(union(some, others), i)).toBe(includes(some, i) || includes(others, i));
        expect(includes(subtract(some, others), i)).toBe(includes(some, i) && !includes(others, i));
        if (includes(some, i)) expect(includes(widen(some, most), i)).toBe(true);
      }
      expect(widen(some, most).length).toBeLessThanOrEqual(most);
      expect(isSame(union(some, some), some)).toBe(true);
    }),
  );
});
