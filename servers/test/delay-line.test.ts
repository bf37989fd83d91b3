import { expect, onTestFinished, test, vi } from "vitest";
import { createDelayLine } from "../src/delay-line.ts";

test("does each thing when its time has come, and none before an earlier one", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const done: string[] = [];
  let latency = 0;
  const line = createDelayLine(() => latency);
  line(() => done.push("at once"));
  expect(done).toEqual(["at once"]);
  latency = 50;
  line(() => done.push("later"));
  latency = 0;
  line(() => done.push("behind it"));
  vi.advanceTimersByTime(49);
  expect(done).toEqual(["at once"]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual(["at once", "later", "behind it"]);
  line(() => done.push("at once again"));
  expect(done).toHaveLength(4);
});
