import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from "./bucket-operations.ts";
import { copyObject, uploadPartCopy } from "./copy.ts";
import { deleteBucketCors, getBucketCors, preflight, putBucketCors } from "./cors.ts";
import { deleteObjects } from "./delete-objects.ts";
import type { Operate } from "./exchange.ts";
import { listObjectsV2 } from "./listing.ts";
import { deleteObject, getObject, putObject } from "./objects.ts";
import type { Operation } from "./operation.ts";
import { completeMultipartUpload } from "./upload-completion.ts";
import { listMultipartUploads, listParts } from "./upload-listings.ts";
import { abortMultipartUpload, createMultipartUpload, uploadPart } from "./uploads.ts";

export const operate: Readonly<Record<Operation, Operate>> = {
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteBucketCors: deleteBucketCors,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetBucketCors: getBucketCors,
  GetBucketLocation: getBucketLocation,
  GetObject: getObject,
  HeadBucket: headBucket,
  HeadObject: getObject,
  ListBuckets: listBuckets,
  ListMultipartUploads: listMultipartUploads,
  ListObjectsV2: listObjectsV2,
  ListParts: listParts,
  Preflight: preflight,
  PutBucketCors: putBucketCors,
  PutObject: putObject,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
};
