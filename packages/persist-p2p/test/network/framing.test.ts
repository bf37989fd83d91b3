import fc from "fast-check";
import { expect, test } from "vitest";
import { createFrameReader, encodeFrame, FrameError, type FrameKind } from "../../src/network/framing.ts";
import { maxFrameBytes } from "../../src/sync/link.ts";

const frame = fc.record({
  kind: fc.constantFrom<FrameKind>("data", "control"),
  payload: fc.uint8Array({ maxLength: 300 }),
});

test("frames arrive whole however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (frames, cuts) => {
      const got: unknown[] = [];
      const reader = createFrameReader(0, (kind, payload) => got.push({ kind, payload: Uint8Array.from(payload) }));
      reader.trust();
      const bytes = Buffer.concat(frames.map(({ kind, payload }) => encodeFrame(kind, payload)));
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const end = at + (cuts[turn % cuts.length] as number);
        reader.push(bytes.subarray(at, end));
        at = end;
      }
      expect(got).toEqual(frames);
    }),
  );
});

test("more than a stranger may send is refused by the head, before it is kept", () => {
  const reader = createFrameReader(100, () => undefined);
  reader.push(encodeFrame("data", new Uint8Array(46)));
  expect(() => reader.push(encodeFrame("data", new Uint8Array(47)).subarray(0, 4))).toThrow(FrameError);
});

test("a frame of more than a mebibyte is refused by its head", () => {
  const reader = createFrameReader(0, () => undefined);
  reader.trust();
  const head = encodeFrame("data", new Uint8Array(maxFrameBytes)).subarray(0, 4);
  reader.push(head);
  const longer = createFrameReader(0, () => undefined);
  longer.trust();
  expect(() => longer.push(Uint8Array.of(0, 16, 0, 1))).toThrow(FrameError);
  expect(() => createFrameReader(4096, () => undefined).push(Uint8Array.of(1, 0, 0, 0))).toThrow("no frame");
});

test("the frame after the one that brings trust may be long already", () => {
  const got: number[] = [];
  const reader = createFrameReader(100, (_, { length }) => {
    got.push(length);
    reader.trust();
  });
  reader.push(Buffer.concat([encodeFrame("data", new Uint8Array(50)), encodeFrame("data", new Uint8Array(5_000))]));
  expect(got).toEqual([50, 5_000]);
});
