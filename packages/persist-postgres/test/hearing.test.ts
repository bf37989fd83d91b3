import { expect, test, vi } from "vitest";
import { createHearing } from "../src/hearing.ts";

function create() {
  const [ask, onLost] = [vi.fn(), vi.fn()];
  const hearing = createHearing({ beats: { answer: 3, silence: 5 }, ask, onLost });
  const beat = (times: number) => {
    for (let i = 0; i < times; i++) hearing.beat();
  };
  return { hearing, ask, onLost, beat };
}

test("nothing is proven before something was heard, and nothing is asked before there is a connection", () => {
  const { hearing, ask, onLost, beat } = create();
  hearing.sending();
  beat(100);
  expect(ask).not.toHaveBeenCalled();
  hearing.begin();
  expect([ask.mock.calls.length, hearing.isProven]).toEqual([1, false]);
  hearing.sending();
  beat(100);
  expect([onLost.mock.calls.length, hearing.isProven]).toEqual([0, false]); // as behind a pooler
  hearing.heard();
  expect(hearing.isProven).toBe(true);
});

test("a word that is not heard in time disproves it, also where it was sent after long silence only", () => {
  const { hearing, ask, onLost, beat } = create();
  hearing.begin();
  hearing.heard();
  beat(5);
  expect(ask).toHaveBeenCalledTimes(2);
  hearing.sending();
  beat(3);
  hearing.sending();
  expect(hearing.isProven).toBe(true);
  beat(1);
  expect([onLost.mock.calls.length, hearing.isProven]).toEqual([1, false]);
  beat(100);
  expect(onLost).toHaveBeenCalledTimes(1);
});

test("a word that was heard before it is known to have been sent, or did not get through, disproves nothing", () => {
  const { hearing, onLost, beat } = create();
  hearing.begin();
  hearing.sending();
  hearing.heard();
  beat(4);
  hearing.sending();
  hearing.failed();
  beat(4);
  expect([onLost.mock.calls.length, hearing.isProven]).toEqual([0, true]);
});
