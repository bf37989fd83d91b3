/** Decodes `Content-Encoding: aws-chunked`: chunks that may be signed each over the one before, and trailers. */
import { createHash } from "node:crypto";
import type { Authenticated } from "./authentication.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";
import { S3Error } from "./s3-error.ts";
import { isSameSignature, sha256 } from "./signature.ts";

export interface ChunkedForm {
  readonly isSigned: boolean;
  readonly hasTrailers: boolean;
}

/** By the value of `x-amz-content-sha256`; `undefined` where it is no such body. */
export function chunkedForm(payloadHash: string): ChunkedForm | undefined {
  return forms[payloadHash];
}

const forms: Readonly<Record<string, ChunkedForm | undefined>> = {
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { isSigned: true, hasTrailers: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { isSigned: true, hasTrailers: true },
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { isSigned: false, hasTrailers: true },
};

/** All but the last chunk have at least so many bytes. */
const smallestChunk = 8192;
const mostTrailers = 16;
const signatureHeader = "x-amz-trailer-signature";

/**
 * The bytes inside, as they arrive.
 *
 * @param trailers - Gets the trailers when the last byte has been taken, names in small letters.
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  form: ChunkedForm,
  { chain }: Authenticated,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void> {
  const reader = createByteReader(source);
  let previous = chain.seed;
  let hasSmallChunk = false;
  for (;;) {
    const { size, signature } = readChunkHeader(await reader.line(), form);
    if (hasSmallChunk && size > 0) {
      const message = "Only the last chunk is allowed to have a size less than 8192 bytes";
      throw new S3Error(403, "InvalidChunkSizeError", message);
    }
    hasSmallChunk = size < smallestChunk;
    const hash = createHash("sha256");
    let received = 0;
    for await (const piece of reader.bytes(size)) {
      received += piece.length;
      if (form.isSigned) hash.update(piece);
      yield piece;
    }
    if (received < size) throw incomplete();
    if (form.isSigned) {
      const lines = [previous, sha256(""), hash.digest("hex")];
      previous = checkSignature(signature, chain.signer.sign("AWS4-HMAC-SHA256-PAYLOAD", chain.time, lines));
    }
    if (size === 0) break;
    if ((await reader.line()) !== "") throw incomplete();
  }
  await readTrailers(reader, trailers);
  if (form.isSigned && form.hasTrailers) {
    const signed = [...trailers].filter(([name]) => name !== signatureHeader);
    const lines = [previous, sha256(signed.map(([name, value]) => `${name}:${value}\n`).join(""))];
    checkSignature(trailers.get(signatureHeader), chain.signer.sign("AWS4-HMAC-SHA256-TRAILER", chain.time, lines));
  }
  if (!(await reader.isAtEnd())) throw incomplete();
}

function readChunkHeader(line: string | undefined, { isSigned }: ChunkedForm) {
  const [, digits, signature] = /^([\da-f]{1,10})(?:;chunk-signature=([\da-f]{64}))?$/i.exec(line ?? "") ?? [];
  if (digits === undefined || (signature !== undefined) !== isSigned) throw incomplete();
  return { size: Number.parseInt(digits, 16), signature };
}

async function readTrailers(reader: ByteReader, trailers: Map<string, string>): Promise<void> {
  for (;;) {
    const line = await reader.line();
    if (line === "") return;
    const colon = line?.indexOf(":") ?? -1;
    if (line === undefined || colon < 1 || trailers.size >= mostTrailers) throw malformedTrailer();
    trailers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
}

function checkSignature(given: string | undefined, right: string): string {
  if (given !== undefined && isSameSignature(given, right)) return right;
  throw new S3Error(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
  );
}

export const malformedTrailer = (): S3Error =>
  new S3Error(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed");

export const incomplete = (): S3Error => new S3Error(400, "IncompleteBody", "The request body terminated unexpectedly");
