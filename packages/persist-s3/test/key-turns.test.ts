import { expect, test } from "vitest";
import { createTurns } from "../src/key-turns.ts";
import { inTime, within } from "./buckets.ts";

function held() {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, write: () => ended };
}

test("one alone waits for those before, and those after for it", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const [first, second, alone] = [held(), held(), held()];
  const told =
    (name: string, { write }: { write(): Promise<void> }) =>
    async () => {
      order.push(`${name} begins`);
      await write();
      order.push(`${name} ends`);
    };
  const all = [
    turns("a", false, inTime(), told("first", first)),
    turns("a", false, inTime(), told("second", second)),
    turns("a", true, inTime(), told("alone", alone)),
    turns("a", false, inTime(), told("after", { write: async () => {} })),
    turns("b", true, inTime(), told("other", { write: async () => {} })),
  ];
  await all[4];
  second.end();
  await all[1];
  first.end();
  await all[0];
  alone.end();
  await Promise.all(all);
  expect(order.filter((one) => !one.startsWith("other"))).toEqual([
    "first begins",
    "second begins",
    "second ends",
    "first ends",
    "alone begins",
    "alone ends",
    "after begins",
    "after ends",
  ]);
});

test("who gives up waiting does not keep those behind", async () => {
  const turns = createTurns();
  const first = held();
  const controller = new AbortController();
  const running = turns("a", false, inTime(), first.write);
  const late = turns("a", true, within(20), async () => {});
  const aborted = turns("a", true, { ...inTime(), signal: controller.signal }, async () => {});
  const behind = turns("a", false, inTime(), async () => "done");
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ why: "aborted" });
  await expect(late).rejects.toMatchObject({ why: "deadline" });
  expect(await behind).toBe("done");
  first.end();
  await running;
  const signal = AbortSignal.abort();
  await expect(turns("a", true, { ...inTime(), signal }, async () => {})).rejects.toMatchObject({ why: "aborted" });
});

test("a failure ends the turn", async () => {
  const turns = createTurns();
  const failing = turns("a", true, inTime(), async () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await turns("a", true, inTime(), async () => "done")).toBe("done");
});
