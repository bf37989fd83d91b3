import { expect, test } from "vitest";
import { createRetryBudget } from "../src/retry-budget.ts";

test("one more request for each answer, some in the beginning, and a few each second", () => {
  let now = 0;
  const budget = createRetryBudget(3, () => now);
  const spend = () => [1, 2, 3, 4].filter(() => budget.spend()).length;
  expect(spend()).toBe(3);
  budget.answered();
  expect(spend()).toBe(1);
  now += 250;
  expect(spend()).toBe(2);
  now += 60_000;
  expect(spend()).toBe(3);
});
