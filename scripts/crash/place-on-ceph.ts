/** A bucket on a Ceph of its own. It ends with this process at the latest. */
import { createBucket, startCeph } from "@cuitty/persist-servers";
import { untilDisconnected } from "./connections.ts";
import { locationOf } from "./s3-store.ts";
import type { Place } from "./target.ts";

export async function createPlaceOnCeph(): Promise<Place> {
  const ceph = await startCeph();
  return {
    location: locationOf(await createBucket(ceph)),
    folder: ceph.folders.join(", "),
    server: { kill: () => ceph.kill9(), restart: () => ceph.restart() },
    settled: () => untilDisconnected(Number(new URL(ceph.endpoint).port)),
    remove: () => ceph.stop(),
  };
}
