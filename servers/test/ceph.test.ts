import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type CephServer, findCeph, mayBeMissing, startCeph } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import { isAlive } from "../src/process-tree.ts";

const missing = mayBeMissing(() => findCeph());
const Bucket = "kept";

function connect({ endpoint, region, credentials }: CephServer): S3Client {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  onTestFinished(() => client.destroy());
  return client;
}

describe.skipIf(missing)(`Ceph${missing && ` (skipped: ${missing})`}`, { timeout: 300_000 }, () => {
  test("keeps what it acknowledged when it is killed, and stops without a trace", async () => {
    const server = await startCeph();
    onTestFinished(() => server.stop());
    const s3 = connect(server);
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "acknowledged" }));
    const before = server.pids;
    await server.kill9();
    expect(before.filter(isAlive)).toEqual([]);
    await expect(fetch(server.endpoint)).rejects.toThrow();
    await server.restart();
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
    expect(await Body?.transformToString()).toBe("acknowledged");
    const { pids, folders } = server;
    await server.stop();
    await server.stop();
    expect(pids).toHaveLength(3);
    expect([pids.filter(isAlive), folders.filter((folder) => existsSync(folder))]).toEqual([[], []]);
  });

  test("goes with the process that started it", async () => {
    const child = fork(join(import.meta.dirname, "starter.ts"), ["stay", "ceph"], { execArgv: [] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [{ pids, folders }] = (await once(child, "message")) as [{ pids: number[]; folders: string[] }];
    expect(pids.filter(isAlive)).toHaveLength(3);
    child.kill("SIGKILL");
    await expect.poll(() => pids.filter(isAlive), { timeout: 60_000 }).toEqual([]);
    await expect.poll(() => folders.filter((folder) => existsSync(folder)), { timeout: 60_000 }).toEqual([]);
  });
});
