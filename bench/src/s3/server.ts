/** The one server of a run, in processes of its own: Ceph where it is installed, else the double of the testkit. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Bucket, createBucket, findCeph, MissingServer, type S3Place, startCeph } from "@cuitty/persist-servers";

export interface BenchServer extends AsyncDisposable {
  readonly name: string;
  readonly bucket: Bucket;
}

export async function startBenchServer(): Promise<BenchServer> {
  const ceph = cephVersion();
  if (ceph === undefined) return startDouble();
  const server = await startCeph();
  return {
    name: `Ceph ${ceph}, a gateway with one store of objects, on this machine`,
    bucket: await createBucket(server),
    [Symbol.asyncDispose]: server.stop,
  };
}

function cephVersion(): string | undefined {
  try {
    return findCeph().version;
  } catch (error) {
    if (error instanceof MissingServer) return undefined;
    throw error;
  }
}

async function startDouble(): Promise<BenchServer> {
  const child: ChildProcess = fork(join(import.meta.dirname, "double-process.ts"), {
    execArgv: ["--conditions=@cuitty/source"],
  });
  const [place] = (await once(child, "message")) as [S3Place];
  return {
    name: "the S3 double of the testkit, in a process of its own: it keeps all in memory, so that what is measured is the client",
    bucket: await createBucket(place),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
