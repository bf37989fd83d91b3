import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Records } from "../../src/api/records.ts";
import { storeOver } from "../engine-spy.ts";

interface Person {
  name: string;
  born: number;
}
type People = (store: ReturnType<typeof storeOver>["store"]) => Records<Person, { name: string; born?: number }>;

const libraries: readonly [name: string, people: People][] = [
  [
    "zod",
    ({ records }) =>
      records.collection("people", {
        schema: z.object({ name: z.string().trim(), born: z.number().min(0).default(1900) }),
      }),
  ],
  [
    "zod, async",
    ({ records }) =>
      records.collection("people", {
        schema: z.object({
          name: z.string().trim(),
          born: z
            .number()
            .default(1900)
            .refine(async (born) => born >= 0),
        }),
      }),
  ],
  [
    "valibot",
    ({ records }) =>
      records.collection("people", {
        schema: v.object({
          name: v.pipe(v.string(), v.trim()),
          born: v.optional(v.pipe(v.number(), v.minValue(0)), 1900),
        }),
      }),
  ],
  [
    "valibot, async",
    ({ records }) =>
      records.collection("people", {
        schema: v.objectAsync({
          name: v.pipe(v.string(), v.trim()),
          born: v.optionalAsync(
            v.pipeAsync(
              v.number(),
              v.checkAsync(async (born) => born >= 0),
            ),
            1900,
          ),
        }),
      }),
  ],
  [
    "arktype", // whose schemas are functions
    ({ records }) =>
      records.collection("people", { schema: type({ name: "string.trim", born: "number >= 0 = 1900" }) }),
  ],
];

describe.each(libraries)("a schema of %s", (_, people) => {
  test("gives what is stored", async () => {
    const { store } = storeOver();
    await people(store).put("1", { name: " Ada " });
    expect((await store.records.get("people/1"))?.value).toEqual({ name: "Ada", born: 1900 });
  });

  test("refuses what is wrong with the path, before anything is written", async () => {
    const { store } = storeOver();
    const wrong = people(store).put("1", { name: "Ada", born: -1 });
    await expect(wrong).rejects.toMatchObject({
      code: "VALIDATION",
      key: "1",
      message: expect.stringContaining("born"),
    });
    const many = people(store).putMany([
      ["1", { name: "Ada" }],
      ["2", { name: "Bob", born: -1 }],
    ]);
    await expect(many).rejects.toMatchObject({ code: "VALIDATION", key: "2" });
    expect(await store.records.list().toArray()).toEqual([]);
  });

  test("sees the whole result of an update", async () => {
    const { store } = storeOver();
    await people(store).put("1", { name: "Ada", born: 1815 });
    const wrong = people(store).update("1", { name: undefined });
    await expect(wrong).rejects.toMatchObject({ code: "VALIDATION", message: expect.stringContaining("name") });
    expect((await people(store).update("1", { name: "Ada L. " })).value).toEqual({ name: "Ada L.", born: 1815 });
  });
});

test("a schema that never answers is given up at the deadline", async () => {
  const { store } = storeOver();
  const schema = z.string().refine(() => new Promise<boolean>(() => undefined));
  const put = store.records.collection("texts", { schema }).put("1", "text", { timeout: 5 });
  await expect(put).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
});
