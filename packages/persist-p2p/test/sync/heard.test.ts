import { expect, test } from "vitest";
import { createHeard } from "../../src/sync/heard.ts";

test("what was told counts once it was read as far, also of somebody who writes on and on", () => {
  let reached = -1;
  const heard = createHeard(() => reached);
  heard.told(10, 1_000);
  expect(heard.upTo()).toBe(0);
  reached = 9;
  heard.told(20, 2_000);
  heard.told(30, 3_000);
  expect(heard.upTo()).toBe(0);
  reached = 10;
  expect(heard.upTo()).toBe(1_000);
  heard.told(40, 4_000);
  reached = 30;
  heard.told(50, 5_000);
  expect(heard.upTo()).toBe(3_000);
  reached = 50;
  expect(heard.upTo()).toBe(5_000);
  heard.told(50, 4_500); // its clock was set back
  expect(heard.upTo()).toBe(5_000);
});
