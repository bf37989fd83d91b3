/** S3 on a real Ceph, whose daemons are all killed as well as its clients. */
import { createPlaceOnCeph } from "../place-on-ceph.ts";
import { openS3 } from "../s3-store.ts";
import type { Target } from "../target.ts";

export const target: Target = { createPlace: createPlaceOnCeph, open: openS3, largeBlobs: true };
