import { expect, test } from "vitest";
import { createRequestLimit } from "../src/request-limit.ts";
import { inTime, within } from "./buckets.ts";

test("no more than so many at once, and the first to wait is the first to go on", async () => {
  const limit = createRequestLimit(2);
  const releases = [limit.take(), limit.take()];
  expect(limit.take()).toBeUndefined();
  const order: number[] = [];
  const waiting = [1, 2].map(async (i) => {
    const release = await limit.wait(inTime());
    order.push(i);
    release();
  });
  releases[0]?.();
  releases[0]?.(); // once is enough
  await Promise.all(waiting);
  expect(order).toEqual([1, 2]);
  expect(limit.take()).toBeDefined();
  expect(limit.take()).toBeUndefined();
});

test("who gives up waiting takes no place", async () => {
  const limit = createRequestLimit(1);
  const release = limit.take();
  const controller = new AbortController();
  const aborted = limit.wait({ ...inTime(), signal: controller.signal });
  const late = limit.wait(within(10));
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ why: "aborted" });
  await expect(late).rejects.toMatchObject({ why: "deadline" });
  release?.();
  expect(limit.take()).toBeDefined();
});
