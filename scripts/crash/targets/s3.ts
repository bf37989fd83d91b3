/** S3, on a double in the process that kills: it survives its clients, and counts what they ask for. */

import { createPlaceOnDouble } from "../place-on-double.ts";
import { openS3, sweepS3 } from "../s3-store.ts";
import type { Target } from "../target.ts";

export const target: Target = {
  createPlace: createPlaceOnDouble,
  open: openS3,
  largeBlobs: true,
  inspect: (_, place) => sweepS3(place),
};
