import { describe, expect, it } from "vitest";
import { PersistError } from "../src/errors.ts";
import { gateway, storeOver } from "./engine-spy.ts";

const part = 1024 * 1024;
const content = Uint8Array.from({ length: 2 * part + 77 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

const lost = () => new PersistError("UNAVAILABLE", "The answer was lost.", { outcome: "unknown" });

describe("an upload", () => {
  it("goes on where the answer to a part was lost", async () => {
    let calls = 0;
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async extend(token, offset, bytes, o) {
          const extended = await engine.bytes.extend(token, offset, bytes, o);
          if (token !== undefined && ++calls % 2 === 1) throw lost();
          return extended;
        },
      },
    }));
    const upload = await store.blobs.createUpload("k");
    await upload.write(content);
    await upload.complete();
    expect(calls).toBe(6);
    expect(Buffer.compare((await (await store.blobs.get("k"))?.bytes()) as Uint8Array, content)).toBe(0);
  });

  it("whose completion was lost is completed by calling it again", async () => {
    let isDown = false;
    const { store } = storeOver((engine) => ({
      async commit(lists, o) {
        const results = await engine.commit(lists, o);
        return isDown ? lists.map(() => ({ outcome: "unknown", cause: lost() })) : results;
      },
      read(space, keys, o) {
        if (isDown && space === "blobs") throw lost();
        return engine.read(space, keys, o);
      },
    }));
    const upload = await store.blobs.createUpload("k");
    await upload.write(content);
    isDown = true;
    await expect(upload.complete()).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
    isDown = false;
    expect(await upload.complete()).toEqual(await store.blobs.head("k"));
    await upload.abort();
    expect(await store.blobs.verify("k")).toBe(true);
  });

  it("that stalls is given up, tells so from then on, and can be resumed", async () => {
    const never = gateway();
    let isStuck = false;
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async extend(...call) {
          if (isStuck) await never.opened;
          return engine.bytes.extend(...call);
        },
      },
    }));
    const upload = await store.blobs.createUpload("k");
    await upload.write(content.subarray(0, part));
    isStuck = true;
    const timedOut = { code: "TIMEOUT", operation: "upload.write", key: "k" };
    await expect(upload.write(content.subarray(part), { timeout: 20 })).rejects.toMatchObject(timedOut);
    await expect(upload.write(new Uint8Array(1))).rejects.toMatchObject(timedOut);
    await expect(upload.complete()).rejects.toMatchObject({ code: "TIMEOUT", operation: "upload.complete" });
    isStuck = false;
    const resumed = await store.blobs.resumeUpload(upload.token);
    expect(resumed.committed).toBe(part);
    await resumed.write(content.subarray(part));
    expect((await resumed.complete()).size).toBe(content.length);
    expect(await store.blobs.verify("k")).toBe(true);
  });

  it("that is aborted in the middle of a write stops there", async () => {
    const stuck = gateway();
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async extend(token, ...call) {
          if (token !== undefined) await stuck.opened;
          return engine.bytes.extend(token, ...call);
        },
      },
    }));
    const upload = await store.blobs.createUpload("k");
    const controller = new AbortController();
    const writing = upload.write(content, { signal: controller.signal });
    controller.abort();
    await expect(writing).rejects.toMatchObject({ code: "ABORTED", operation: "upload.write" });
  });

  it("holds the writer back until a part is stored", async () => {
    const stuck = gateway();
    const parts: number[] = [];
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async extend(token, offset, bytes, o) {
          if (token === undefined) return engine.bytes.extend(token, offset, bytes, o);
          parts.push(bytes.length);
          await stuck.opened;
          return engine.bytes.extend(token, offset, bytes, o);
        },
      },
    }));
    const upload = await store.blobs.createUpload("k");
    await upload.write(content.subarray(0, part - 1));
    expect(parts).toEqual([]);
    let taken = false;
    const writing = upload.write(content.subarray(part - 1)).then(() => {
      taken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([parts, taken]).toEqual([[part], false]);
    stuck.open();
    await writing;
    expect([parts, upload.committed]).toEqual([[part, part], 2 * part]);
  });

  it("of which a part is missing is not gone on with", async () => {
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        open: (row, range, o) => engine.bytes.open(row, { ...range, length: range.length - 1 }, o),
      },
    }));
    const upload = await store.blobs.createUpload("k");
    await upload.write(content);
    await expect(store.blobs.resumeUpload(upload.token)).rejects.toMatchObject({ code: "CORRUPT" });
  });

  it("is finished while the store closes", async () => {
    const { store } = storeOver();
    const upload = await store.blobs.createUpload("k");
    const writing = upload.write(content);
    const completing = upload.complete();
    const resuming = store.blobs.resumeUpload(upload.token);
    await store.close();
    await writing;
    expect((await completing).size).toBe(content.length);
    await resuming.catch((error) => expect(error).toMatchObject({ code: "NOT_FOUND" }));
  });
});

describe("a blob", () => {
  it("that was damaged is not verified, and not copied where core moves the bytes", async () => {
    let isDamaged = false;
    const { store } = storeOver((engine) => {
      const { copy: _, ...bytes } = engine.bytes;
      return {
        bytes: {
          ...bytes,
          async *open(row, range, o) {
            for await (const chunk of engine.bytes.open(row, range, o)) {
              if (isDamaged) chunk[0] = 0xff ^ (chunk[0] ?? 0);
              yield chunk;
            }
          },
        },
      };
    });
    await store.blobs.put("a", "hello");
    expect(await store.blobs.verify("a")).toBe(true);
    isDamaged = true;
    expect(await store.blobs.verify("a")).toBe(false);
    await expect(store.blobs.copy("a", "b")).rejects.toMatchObject({ code: "CORRUPT", operation: "blobs.copy" });
    expect(await store.blobs.has("b")).toBe(false);
  });

  it("whose bytes are gone is not verified", async () => {
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async *open(row, range, o) {
          yield* engine.bytes.open({ ...row, content: "gone" }, range, o);
        },
      },
    }));
    await store.blobs.put("a", "hello");
    expect(await store.blobs.verify("a")).toBe(false);
  });

  it("that is replaced again and again while it is copied is copied as it was at some time", async () => {
    let replaced = 0;
    const { store } = storeOver((engine) => ({
      bytes: {
        ...engine.bytes,
        async copy(row, o) {
          if (replaced++ < 5) throw new PersistError("CONFLICT", "The blob was replaced.");
          return engine.bytes.copy?.(row, o) as string;
        },
      },
    }));
    await store.blobs.put("a", "hello");
    await store.blobs.copy("a", "b");
    expect(await (await store.blobs.get("b"))?.text()).toBe("hello");
  });
});
