/** One request from its first byte to the last of its reply. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Authority, authenticate } from "./authentication.ts";
import { receiveBody } from "./body.ts";
import type { Buckets } from "./bucket.ts";
import { toUtf8 } from "./byte-string.ts";
import { corsHeaders } from "./cors.ts";
import type { Reply } from "./exchange.ts";
import type { createFaults, Fault } from "./faults.ts";
import { checkHeaders } from "./metadata.ts";
import { operate } from "./operate.ts";
import { pace } from "./pace.ts";
import type { Profile } from "./profile.ts";
import { errorReply, mishapsOf, writeReply } from "./reply-writer.ts";
import { describeRequest, newRequestId, parseRequest, type S3Request } from "./request.ts";
import type { createRequestLog } from "./request-log.ts";
import { invalidRequest, S3Error } from "./s3-error.ts";

/** The largest object of one request, and the largest part. */
const largestBody = 5 * 1024 ** 3;

export interface Server {
  readonly authority: Authority;
  readonly profile: Profile;
  readonly buckets: Buckets;
  readonly faults: ReturnType<typeof createFaults>;
  readonly log: ReturnType<typeof createRequestLog>;
}

/** @param expects - Whether the client waits for a word before it sends its body. */
export async function answer(
  server: Server,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  expects: boolean,
): Promise<void> {
  outgoing.setHeader("date", new Date(server.authority.now()).toUTCString()); // clients set their clocks by it
  const request = parsed(incoming);
  const id = request instanceof S3Error ? newRequestId() : request.id;
  const told = { isHead: incoming.method === "HEAD", resource: incoming.url?.split("?")[0] ?? "", id };
  if (request instanceof S3Error) return await writeReply(outgoing, errorReply(request, told), id, mishapsOf([]));

  const description = describeRequest(request);
  await server.log.add(description);
  const faults = server.faults.applying(description);
  if (await befalls(faults, incoming, outgoing)) return;

  let hasAsked = !expects;
  const source = () => {
    if (!hasAsked) outgoing.writeContinue();
    hasAsked = true;
    return bodyOf(incoming, faults);
  };
  const reply = await replyTo(server, request, faults, source).catch((error: unknown) => {
    if (incoming.destroyed && !incoming.complete) return undefined; // The client has gone, and with it who would read it.
    const known = error instanceof S3Error ? error : new S3Error(500, "InternalError", String(error));
    return errorReply(known, told);
  });
  if (reply === undefined || faults.some(({ kind }) => kind === "lose-reply")) return void outgoing.destroy();
  const late = faults.find((fault) => fault.kind === "answer" && fault.done);
  const final = late?.kind === "answer" ? { ...errorReply(errorOf(late), told), ...retryAfter(late) } : reply;
  // What would come next on this connection might be the body nobody asked for.
  if (!hasAsked) outgoing.setHeader("connection", "close");
  const readable = { ...final, headers: { ...final.headers, ...corsHeaders({ buckets: server.buckets, request }) } };
  await writeReply(outgoing, readable, id, mishapsOf(faults));
}

async function replyTo(
  server: Server,
  request: S3Request,
  faults: readonly Fault[],
  source: () => AsyncIterable<Buffer>,
): Promise<Reply> {
  const { authority, profile, buckets } = server;
  const early = faults.find((fault) => fault.kind === "answer" && !fault.done);
  if (early?.kind === "answer") {
    const told = { isHead: request.method === "HEAD", resource: toUtf8(request.path), id: request.id };
    return { ...errorReply(errorOf(early), told), ...retryAfter(early) };
  }
  // A browser asks by itself, and cannot sign that.
  const authenticated = request.operation === "Preflight" ? undefined : authenticate(request, authority);
  checkHeaders(request.headers);
  const within = faults.find(({ kind }) => kind === "error-in-200");
  if (within?.kind === "error-in-200") {
    for await (const _ of source()); // S3 finds out later.
    const error = new S3Error(200, within.code, "We encountered an internal error. Please try again.");
    return errorReply(error, { isHead: false, resource: toUtf8(request.path), id: request.id });
  }
  return await operate[request.operation]({
    request,
    profile,
    buckets,
    region: authority.region,
    now: authority.now,
    async receive(largest = largestBody) {
      if (authenticated === undefined) throw invalidRequest("This request has no body.");
      return receiveBody(request, authenticated, profile, source(), largest);
    },
  });
}

/** @returns Whether the request has come to its end by it. */
async function befalls(
  faults: readonly Fault[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === "delay") await delay(fault.ms, undefined, { ref: false });
    if (fault.kind === "hang") {
      if (!outgoing.destroyed) await once(outgoing, "close");
      return true;
    }
    if (fault.kind === "lose-request") {
      let left = fault.afterBytes ?? 0;
      if (left > 0) {
        for await (const piece of bodyOf(incoming, faults)) {
          left -= piece.length;
          if (left <= 0) break;
        }
      }
      outgoing.destroy();
      return true;
    }
  }
  return false;
}

async function* bodyOf(incoming: IncomingMessage, faults: readonly Fault[]): AsyncGenerator<Buffer, void> {
  const { bytesPerSecond } = mishapsOf(faults);
  // A body that is refused half-way is followed by a reply: its connection must not be gone by then.
  for await (const piece of incoming.iterator({ destroyOnReturn: false })) {
    await pace(piece.length, bytesPerSecond);
    yield piece as Buffer;
  }
}

function parsed(incoming: IncomingMessage): S3Request | S3Error {
  try {
    return parseRequest(incoming);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
}

type Answer = Extract<Fault, { kind: "answer" }>;

const errorOf = ({ status, code, message = code }: Answer) => new S3Error(status, code, message);

const retryAfter = ({ retryAfter: seconds }: Answer) =>
  seconds === undefined ? {} : { headers: { "retry-after": String(seconds) } };
