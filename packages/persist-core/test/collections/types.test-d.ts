// What collections know of their documents.
import { createStore, type RecordEntry, type Records } from "@cuitty/persist-core";
import { type } from "arktype";
import * as v from "valibot";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";

interface User {
  name: string;
  email?: string;
}

test("a collection with a type", async () => {
  const { records } = await createStore({ name: "types", adapter: "memory" });
  const users = records.collection<User>("users", {
    indexes: { email: { on: "email", unique: true }, both: { on: ["name", "email"] } },
    schemaVersion: 2,
    migrate: { 2: (old) => ({ name: old.fullName }) },
    merge: "fields",
    ttl: "1h",
  });
  expectTypeOf(users).toEqualTypeOf<Records<User>>();
  expectTypeOf(await users.get("1")).toEqualTypeOf<RecordEntry<User> | undefined>();
  await users.update("1", { email: undefined });
  // @ts-expect-error no such field
  await users.put("1", { name: "Ada", mail: "x" });
  // @ts-expect-error a field is missing
  await users.put("1", {});
  // @ts-expect-error no such option
  records.collection<User>("users", { index: {} });
  // @ts-expect-error neither deep nor fields
  records.collection<User>("users", { merge: "shallow" });
  expectTypeOf(records.collection("things")).toEqualTypeOf<Records<unknown>>();
});

test("a collection with a schema knows what goes in and what comes out", async () => {
  const { records } = await createStore({ name: "types", adapter: "memory" });
  const ofZod = records.collection("a", { schema: z.object({ name: z.string(), visits: z.number().default(0) }) });
  const ofValibot = records.collection("b", {
    schema: v.object({ name: v.string(), visits: v.optional(v.number(), 0) }),
  });
  const ofArktype = records.collection("c", { schema: type({ name: "string", visits: "number = 0" }) });
  type Out = { name: string; visits: number };
  expectTypeOf((await ofZod.put("1", { name: "Ada" })).value).toEqualTypeOf<Out>();
  expectTypeOf((await ofValibot.put("1", { name: "Ada" })).value).toEqualTypeOf<Out>();
  expectTypeOf((await ofArktype.put("1", { name: "Ada" })).value).toEqualTypeOf<Out>();
  await ofZod.update("1", (current) => {
    expectTypeOf(current).toEqualTypeOf<Out>();
    return { name: current.name };
  });
  // @ts-expect-error not a name
  await ofZod.put("1", { name: 1 });
  // @ts-expect-error a schema is one of the standard
  records.collection("d", { schema: { parse: (value: unknown) => value } });
});

test("a handle keeps its types in a transaction", async () => {
  const store = await createStore({ name: "types", adapter: "memory" });
  const users = store.records.collection<User>("users");
  await store.transaction(async (tx) => {
    const inside = tx.use(users);
    expectTypeOf(await inside.get("1")).toEqualTypeOf<RecordEntry<User> | undefined>();
    // @ts-expect-error a field is missing
    await inside.put("1", {});
    // @ts-expect-error clearing is not for transactions
    await inside.clear({ all: true });
    // a bucket is still a bucket
    expectTypeOf(await tx.use(store.kv.bucket<number>("b")).get("k")).toEqualTypeOf<number | undefined>();
  });
});
