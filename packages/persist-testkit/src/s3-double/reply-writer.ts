import type { ServerResponse } from "node:http";
import type { Reply } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import { pace, piecesAtPace } from "./pace.ts";
import { errorDocument, type S3Error } from "./s3-error.ts";

/** What happens to a reply on its way. */
export interface Mishaps {
  readonly bytesPerSecond: number | undefined;
  readonly cutAfter: number | undefined;
  readonly flipAt: number | undefined;
}

export function mishapsOf(faults: readonly Fault[]): Mishaps {
  const all: { -readonly [name in keyof Mishaps]: Mishaps[name] } = {
    bytesPerSecond: undefined,
    cutAfter: undefined,
    flipAt: undefined,
  };
  for (const fault of faults) {
    if (fault.kind === "slow-body") all.bytesPerSecond = fault.bytesPerSecond;
    if (fault.kind === "cut-body") all.cutAfter = fault.afterBytes;
    if (fault.kind === "flip-bit") all.flipAt = fault.atByte;
  }
  return all;
}

/** Resolves when the last byte is given to the system, or the client has gone. */
export async function writeReply(outgoing: ServerResponse, reply: Reply, id: string, mishaps: Mishaps): Promise<void> {
  const { status, headers = {}, body } = reply;
  const bytes = body?.kind === "xml" ? Buffer.from(body.text) : undefined;
  outgoing.statusCode = status;
  outgoing.setHeader("x-amz-request-id", id);
  outgoing.setHeader("x-amz-id-2", id);
  outgoing.setHeader("server", "AmazonS3");
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) outgoing.setHeader(name, value);
  if (bytes !== undefined) {
    outgoing.setHeader("content-type", "application/xml");
    outgoing.setHeader("content-length", bytes.length);
  }
  const pieces =
    bytes !== undefined ? [bytes] : body?.kind === "bytes" ? body.content.pieces(body.start, body.end) : [];
  await writeBody(outgoing, pieces, mishaps);
}

async function writeBody(
  outgoing: ServerResponse,
  pieces: Iterable<Buffer>,
  { bytesPerSecond, cutAfter = Number.POSITIVE_INFINITY, flipAt }: Mishaps,
): Promise<void> {
  // Sent by itself, so that a reply which is cut within its body has a head.
  outgoing.flushHeaders();
  let sent = 0;
  for (const whole of pieces) {
    for (const piece of piecesAtPace(whole, bytesPerSecond)) {
      const left = cutAfter - sent;
      await pace(piece.length, bytesPerSecond);
      await send(outgoing, flipped(piece.length > left ? piece.subarray(0, left) : piece, flipAt, sent));
      sent += piece.length;
      if (outgoing.destroyed) return;
      if (sent >= cutAfter) return void outgoing.destroy();
    }
  }
  outgoing.end();
}

/** Resolves when more may be written, or never can. */
function send(outgoing: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (outgoing.destroyed || outgoing.write(piece)) return resolve();
    const done = () => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.once("drain", done);
    outgoing.once("close", done);
  });
}

function flipped(piece: Buffer, at: number | undefined, sent: number): Buffer {
  const index = at === undefined ? -1 : at - sent;
  if (index < 0 || index >= piece.length) return piece;
  const copy = Buffer.from(piece);
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}

/** Answers to HEAD have no body, so their clients learn the status only. */
export function errorReply(
  error: S3Error,
  { isHead, resource, id }: { isHead: boolean; resource: string; id: string },
): Reply {
  const { status } = error;
  if (isHead) return { status };
  return { status, body: { kind: "xml", text: errorDocument(error, resource, id) } };
}
