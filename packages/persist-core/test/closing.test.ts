import { expect, it } from "vitest";
import { gateway, storeOver } from "./engine-spy.ts";

it("lets what began before go on through all of its steps", async () => {
  const { store, engine } = storeOver();
  await store.records.put("a", { n: 1 });
  const gate = gateway();
  const begun = [
    store.kv.update<number>("n", async () => {
      await gate.opened;
      return 1;
    }),
    store.records.update("a", async (a) => {
      await gate.opened;
      return { ...(a as object), n: 2 };
    }),
    store.transaction(async (tx) => {
      await tx.kv.set("t", 1);
      await gate.opened;
      await tx.records.put("t", 1);
    }),
    store.blobs.put(
      "b",
      (async function* () {
        yield new Uint8Array(1);
        await gate.opened;
      })(),
    ),
  ];
  await Promise.resolve();
  const closing = store.close();
  await expect(store.kv.get("n")).rejects.toMatchObject({ code: "CLOSED" });
  gate.open();
  await Promise.all([...begun, closing]);
  const o = { now: 0, deadline: 0 };
  expect(await engine.read("kv", ["n", "t"], o)).toMatchObject([{ value: "1" }, { value: "1" }]);
  expect(await engine.read("records", ["a", "t"], o)).toMatchObject([{ value: '{"n":2}' }, { value: "1" }]);
  expect(await engine.read("blobs", ["b"], o)).toMatchObject([{ key: "b" }]);
});

it("does not wait for ever", async () => {
  const { store } = storeOver();
  const never = gateway();
  const hanging = store.kv.update("n", async () => {
    await never.opened;
    return 1;
  });
  await store.close({ timeout: 5 });
  never.open();
  await hanging.catch(() => undefined);
});
