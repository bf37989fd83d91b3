/** The store of the crash suite on S3. Its location is the place of the bucket, as JSON. */
import { createStore, type Store } from "@cuitty/persist-core";
import "@cuitty/persist-s3";
import { s3 } from "@cuitty/persist-s3/adapter";
import { type Bucket, openBucket, type S3Place } from "@cuitty/persist-servers";

import type { Place } from "./target.ts";

interface Location extends S3Place {
  readonly bucket: string;
}

/** As short as they may be, so that many blobs have several. */
const partSize = 5 * 1024 * 1024;
/** A server in a process that has much else to do is not out of reach. Those that are killed break the connection. In milliseconds. */
const timeouts = { connect: 60_000, request: 120_000 };
const twoDays = 2 * 24 * 60 * 60 * 1000;

export function locationOf({ endpoint, region, credentials, bucket }: Bucket): string {
  return JSON.stringify({ endpoint, region, credentials, bucket });
}

export function openS3(location: string): Promise<Store> {
  return createStore({ name: "crash", adapter: "s3", ...parse(location), partSize, timeouts });
}

/** What is unfinished still after a sweep two days later. */
export async function sweepS3({ location, letTimePass }: Place): Promise<readonly string[]> {
  letTimePass?.(twoDays);
  const place = parse(location);
  // By another name, so that it is asked anew what it does, as by a new process: that takes away what those left which were killed while they asked.
  const endpoint = place.endpoint.replace("127.0.0.1", "localhost");
  const adapter = await s3({ ...place, endpoint, partSize, timeouts });
  const engine = await adapter.engine?.({ name: "crash", namespace: "" });
  const o = () => ({ now: Date.now() + twoDays, deadline: performance.now() + 60_000 });
  while ((await engine?.sweep(o()))?.more === true);
  await engine?.close();
  await adapter.close?.();
  const uploads = await openBucket(place, place.bucket).unfinishedUploads();
  return uploads.map(({ key }) => `an upload to ${key} is unfinished after the sweep`);
}

function parse(location: string): Location {
  return JSON.parse(location) as Location;
}
