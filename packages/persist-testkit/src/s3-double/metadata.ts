/** What is stored beside the bytes of an object and answered as headers. */
import { invalidArgument, notImplemented, S3Error } from "./s3-error.ts";

/** Headers, names in small letters. */
export type Metadata = ReadonlyMap<string, string>;

const prefix = "x-amz-meta-";

const storageClasses = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
];

const standard = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
];

/** @param most - Of the names, without their prefix, and values of a user, in bytes. */
export function metadataOf(headers: ReadonlyMap<string, string>, most: number): Metadata {
  const kept = new Map<string, string>([["content-type", "binary/octet-stream"]]);
  let size = 0;
  for (const [name, value] of headers) {
    if (name === "content-encoding") {
      // How the request was encoded is not what the object is.
      const own = value.split(",").map((one) => one.trim());
      const left = own.filter((one) => one !== "aws-chunked" && one !== "");
      if (left.length > 0) kept.set(name, left.join(","));
    } else if (standard.includes(name)) kept.set(name, value);
    else if (name === "x-amz-storage-class") {
      if (!storageClasses.includes(value)) {
        throw new S3Error(400, "InvalidStorageClass", "The storage class you specified is not valid");
      }
      if (value !== "STANDARD") kept.set(name, value);
    } else if (name.startsWith(prefix)) {
      size += name.length - prefix.length + value.length;
      kept.set(name, value);
    }
  }
  if (size > most) {
    const message = "Your metadata headers exceed the maximum allowed metadata size";
    throw new S3Error(400, "MetadataTooLarge", message, { Size: size, MaxSizeAllowed: most });
  }
  return kept;
}

/** Of what is stored, or of what the request brings along, as its directive says. */
export function copiedMetadata(headers: ReadonlyMap<string, string>, stored: Metadata, most: number): Metadata {
  const directive = headers.get("x-amz-metadata-directive") ?? "COPY";
  if (directive === "COPY") return stored;
  if (directive === "REPLACE") return metadataOf(headers, most);
  throw invalidArgument("Unknown metadata directive.");
}

/** @throws S3Error `NotImplemented` for what would change an object in a way that the double does not know. */
export function checkHeaders(headers: ReadonlyMap<string, string>): void {
  for (const [name, value] of headers) {
    const isKnown = !name.startsWith("x-amz-") || known.test(name) || plain[name] === value;
    if (!isKnown) throw notImplemented(`${name}: ${value}`);
  }
}

const known =
  /^x-amz-(meta-.*|checksum-.*|copy-source.*|metadata-directive|content-sha256|date|user-agent|security-token|sdk-checksum-algorithm|decoded-content-length|trailer|te|expected-bucket-owner|mp-object-size|storage-class|bucket-region)$/;

const plain: Readonly<Record<string, string | undefined>> = {
  "x-amz-server-side-encryption": "AES256",
  "x-amz-acl": "private",
  "x-amz-tagging-directive": "COPY",
};
