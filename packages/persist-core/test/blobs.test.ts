import { describe, expect, it } from "vitest";
import { gateway, storeOver } from "./engine-spy.ts";

describe("a blob", () => {
  it("that stalls is given up, however long one that moves may take", async () => {
    const { store } = storeOver();
    const never = gateway();
    async function* stalling() {
      yield new Uint8Array(3);
      await never.opened;
    }
    await expect(store.blobs.put("a", stalling(), { timeout: 20 })).rejects.toMatchObject({
      code: "TIMEOUT",
      operation: "blobs.put",
    });
    expect(await store.blobs.has("a")).toBe(false);
  });

  it("whose body fails is not stored, and says why", async () => {
    const { store } = storeOver();
    async function* failing() {
      yield new Uint8Array(3);
      throw new Error("disk on fire");
    }
    const error = await store.blobs.put("a", failing()).catch((e) => e);
    expect(error).toMatchObject({ code: "ABORTED", outcome: "not-applied", cause: { message: "disk on fire" } });
    expect(await store.blobs.has("a")).toBe(false);
  });

  it("whose reader stops early lets the source go", async () => {
    let returned = false;
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async *open(row, range, o) {
          try {
            yield* engine.bytes.open(row, range, o);
          } finally {
            returned = true;
          }
        },
      },
    }));
    await store.blobs.put("a", new Uint8Array(1_000_000));
    for await (const chunk of (await store.blobs.get("a"))?.body ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(returned).toBe(true);
  });

  it("whose bytes stop coming is given up by its reader's signal, and by the time that nothing came", async () => {
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async *open(row, range, o) {
          yield* engine.bytes.open(row, { ...range, length: 3 }, o);
          await gateway().opened;
        },
      },
    }));
    await store.blobs.put("a", "hello");
    const leaving = new AbortController();
    const reading = store.blobs.get("a", { signal: leaving.signal }).then((blob) => blob?.bytes());
    setImmediate(() => leaving.abort());
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    const waiting = store.blobs.get("a", { timeout: 20 }).then((blob) => blob?.bytes());
    await expect(waiting).rejects.toMatchObject({ code: "TIMEOUT" });
    await store.close();
  });

  it("that was damaged is CORRUPT, whichever way it is read", async () => {
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async *open(row, range, o) {
          for await (const chunk of engine.bytes.open(row, range, o)) {
            chunk[0] = 0xff ^ (chunk[0] ?? 0);
            yield chunk;
          }
        },
      },
    }));
    await store.blobs.put("a", "hello");
    await expect((await store.blobs.get("a"))?.text()).rejects.toMatchObject({ code: "CORRUPT" });
    await expect(new Response((await store.blobs.get("a"))?.body).text()).rejects.toMatchObject({ code: "CORRUPT" });
  });

  it("is read once", async () => {
    const { store } = storeOver();
    await store.blobs.put("a", "hello");
    const blob = await store.blobs.get("a");
    expect(await blob?.text()).toBe("hello");
    await expect(blob?.bytes()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
