import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareStamps, createClock, stampTime } from "../../src/state/stamp.ts";

const writer = new Uint8Array(16).fill(9);

function stampOf(time: number, counter: number, by = 1): Uint8Array {
  const stamp = new Uint8Array(24).fill(by);
  const view = new DataView(stamp.buffer);
  view.setUint16(0, Math.floor(time / 2 ** 32));
  view.setUint32(2, time % 2 ** 32);
  view.setUint16(6, counter);
  return stamp;
}

describe("stamps", () => {
  it("are greater than each that was ticked or observed before, whatever the machine's clock does", () => {
    const step = fc.oneof(
      fc.record({ now: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ time: fc.integer({ min: 0, max: 50 }), counter: fc.integer({ min: 0xfff0, max: 0xffff }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 20 }), (steps, after) => {
        let now = 0;
        const clock = createClock({ writer, now: () => now, after });
        let greatest = stampOf(after, 0xffff, 0xff);
        for (const next of steps) {
          if ("now" in next) now = next.now;
          else {
            const seen = stampOf(next.time, next.counter, 0xff);
            clock.observe(seen);
            if (compareStamps(seen, greatest) > 0) greatest = seen;
          }
          const stamp = clock.tick();
          expect(compareStamps(stamp, greatest)).toBeGreaterThan(0);
          expect(stampTime(stamp)).toBeGreaterThanOrEqual(now);
          expect(clock.now()).toBe(Math.max(now, stampTime(stamp)));
          greatest = stamp;
        }
      }),
    );
  });

  it("count within a millisecond, and go on to the next where the counter ends", () => {
    const clock = createClock({ writer, now: () => 1000 });
    const first = clock.tick();
    expect(Buffer.from(first).toString("hex")).toBe(`0000000003e80000${"09".repeat(16)}`);
    for (let i = 0; i < 0xffff; i++) clock.tick();
    expect(stampTime(clock.tick())).toBe(1001);
  });

  it("hold times beyond 32 bits, and tell how far ahead they are", () => {
    const time = Date.UTC(2400, 0, 1);
    const clock = createClock({ writer, now: () => time + 0.9 });
    expect(stampTime(clock.tick())).toBe(time);
    expect(clock.aheadBy(stampOf(time + 7, 0))).toBe(7);
    expect(clock.aheadBy(stampOf(time - 7, 0))).toBe(-7);
  });
});
