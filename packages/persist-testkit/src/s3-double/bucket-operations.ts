import { addBucket } from "./bucket.ts";
import { bucketOf, type Exchange, isoTime, type Reply, xmlReply } from "./exchange.ts";
import { S3Error } from "./s3-error.ts";
import { readXmlBody } from "./xml-body.ts";
import { textOf } from "./xml-reader.ts";
import { element, resultDocument, textElement } from "./xml-writer.ts";

export function listBuckets({ buckets }: Exchange): Reply {
  const elements = [...buckets.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, created }) =>
      element("Bucket", [textElement("Name", name), textElement("CreationDate", isoTime(created))]),
    );
  const owner = element("Owner", [textElement("ID", "owner")]);
  return xmlReply(resultDocument("ListAllMyBucketsResult", [owner, element("Buckets", elements)]));
}

export async function createBucket(exchange: Exchange): Promise<Reply> {
  const { request, buckets, region } = exchange;
  if (Number(request.headers.get("content-length") ?? 0) > 0) {
    const { root } = await readXmlBody(exchange, "CreateBucketConfiguration");
    const asked = textOf(root, "LocationConstraint") ?? region;
    if (asked !== region) {
      const message = `The ${asked} location constraint is incompatible for the region specific endpoint this request was sent to.`;
      throw new S3Error(400, "IllegalLocationConstraintException", message);
    }
  }
  if (buckets.has(request.bucket)) {
    // In its first region S3 lets its owner create a bucket again.
    if (region !== "us-east-1") {
      const message = "Your previous request to create the named bucket succeeded and you already own it.";
      throw new S3Error(409, "BucketAlreadyOwnedByYou", message, { BucketName: request.bucket });
    }
  } else addBucket(buckets, request.bucket, exchange.now());
  return { status: 200, headers: { location: `/${request.bucket}` } };
}

export function headBucket(exchange: Exchange): Reply {
  bucketOf(exchange);
  return { status: 200, headers: { "x-amz-bucket-region": exchange.region } };
}

export function deleteBucket(exchange: Exchange): Reply {
  const { name, objects } = bucketOf(exchange);
  if (objects.size > 0) {
    const message = "The bucket you tried to delete is not empty";
    throw new S3Error(409, "BucketNotEmpty", message, { BucketName: name });
  }
  exchange.buckets.delete(name);
  return { status: 204 };
}

export function getBucketLocation(exchange: Exchange): Reply {
  bucketOf(exchange);
  const constraint = exchange.region === "us-east-1" ? [] : [exchange.region];
  return xmlReply(resultDocument("LocationConstraint", constraint));
}
