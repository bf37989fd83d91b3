/** Uploads that go from process to process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createStore } from "@cuitty/persist-core";
import { expect, onTestFinished, test } from "vitest";
import { checkIntegrity, sqlite } from "../src/adapter.ts";
import { makeFolder } from "./engines.ts";
import { uploadedBytes, uploadSize } from "./processes/uploaded.ts";

function upload(path: string, token: string, seed = 0): ChildProcess {
  const file = fileURLToPath(new URL("processes/uploader.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", file, path, token, String(seed)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const begin = (child: ChildProcess) => child.stdin?.write("begin\n");
const linesOf = (child: ChildProcess) => createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });

async function open(path: string) {
  const store = await createStore({ name: "test", adapter: await sqlite({ path }) });
  onTestFinished(() => store.close());
  return store;
}

async function bytesAt(path: string): Promise<Uint8Array> {
  const blob = await (await open(path)).blobs.get("k");
  return (await blob?.bytes()) ?? new Uint8Array(0);
}

test("an upload goes on in another process after each kill, and loses nothing committed", {
  timeout: 120_000,
}, async () => {
  const path = `${makeFolder()}/a.db`;
  let token = "-";
  let committed = 0;
  let end: string | undefined;
  for (let kills = 0; end === undefined; kills++) {
    const child = upload(path, token);
    const exited = once(child, "exit");
    let isFirst = true;
    for await (const line of linesOf(child)) {
      if (isFirst) {
        token = line;
        begin(child);
      } else if (/^\d+$/.test(line)) {
        expect(Number(line)).toBeGreaterThanOrEqual(committed);
        committed = Number(line);
        if (committed > (kills + 1) * 2_500_000 && kills < 4) child.kill("SIGKILL");
      } else end = line;
      isFirst = false;
    }
    await exited;
  }
  expect(end).toBe("complete");
  expect(Buffer.compare(await bytesAt(path), uploadedBytes(0, uploadSize, 0))).toBe(0);
  expect(await checkIntegrity(path)).toEqual([]);
});

test("of two processes that go on with one upload differently, one gets through", { timeout: 120_000 }, async () => {
  const path = `${makeFolder()}/a.db`;
  const { token } = await (await open(path)).blobs.createUpload("k");
  const children = [1, 2].map((seed) => upload(path, token, seed));
  let resumed = 0;
  const ends = await Promise.all(
    children.map(async (child) => {
      let last = "";
      for await (const line of linesOf(child)) {
        if (line === token && ++resumed === children.length) children.forEach(begin);
        last = line;
      }
      return last;
    }),
  );
  expect(ends.toSorted()).toEqual(["CONFLICT", "complete"]);
  const seed = ends.indexOf("complete") + 1;
  expect(Buffer.compare(await bytesAt(path), uploadedBytes(0, uploadSize, seed))).toBe(0);
  expect(await checkIntegrity(path)).toEqual([]);
});
