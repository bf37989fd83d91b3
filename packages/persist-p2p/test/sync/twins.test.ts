import { expect, test } from "vitest";
import { createTwins } from "../../src/sync/twins.ts";

test("a process that comes back after another one of its replica is a twin while that one is here, and for a while after", () => {
  let now = 0;
  const { came, left } = createTwins({ now: () => now, memory: 1_000 });
  expect([came("r", "first"), came("r", "first"), came("r", "second"), came("other", "first")]).not.toContain(false);
  expect(came("r", "first")).toBe(false);
  expect(came("r", "second")).toBe(true);
  left("r", "first"); // it was not the one
  left("r", "second");
  now = 999;
  expect(came("r", "first")).toBe(false);
  now = 1_000;
  expect(came("r", "first")).toBe(true);
  expect(came("r", "second")).toBe(false);
  expect(came("r", "third")).toBe(true);
});
