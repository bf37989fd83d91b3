/** A bucket on a double in this process. */
import { setTimeout as pause } from "node:timers/promises";
import { createBucket } from "@cuitty/persist-servers";
import { type RequestDescription, type S3Double, startS3Double } from "@cuitty/persist-testkit/s3-double";
import { untilDisconnected } from "./connections.ts";
import { locationOf } from "./s3-store.ts";
import type { Place, Requests } from "./target.ts";

export async function createPlaceOnDouble(): Promise<Place> {
  let ahead = 0;
  const double = await startS3Double({ clock: () => Date.now() + ahead });
  const bucket = await createBucket(double);
  return {
    location: locationOf(bucket),
    folder: `the bucket ${bucket.bucket}`,
    requests: requestsOf(double),
    letTimePass(ms) {
      ahead += ms;
    },
    settled: () => untilDisconnected(double.port),
    remove: () => double.close(),
  };
}

function requestsOf({ requests, faults }: S3Double): Requests {
  return {
    async hold(number, latest) {
      let left = number;
      const { promise: came, resolve: onHeld } = Promise.withResolvers<RequestDescription>();
      const { promise: free, resolve: letGo } = Promise.withResolvers<void>();
      const stop = requests.listen(async (request) => {
        if (--left !== 0) return;
        onHeld(request);
        await free;
      });
      const held = await Promise.race([came, pause(latest, undefined)]);
      return {
        release(fate) {
          stop();
          if (held !== undefined && fate === "lost") {
            faults.add({ fault: { kind: "lose-request" }, when: (request) => request === held, times: 1 });
          }
          letGo();
        },
      };
    },
  };
}
