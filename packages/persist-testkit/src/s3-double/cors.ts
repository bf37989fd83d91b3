/** What pages of other origins may ask of a bucket, in the rules that its owner has put there. */
import { bucketOf, type Exchange, type Reply, xmlReply } from "./exchange.ts";
import { malformedXml, S3Error } from "./s3-error.ts";
import { readXmlBody } from "./xml-body.ts";
import { textOf, type XmlElement } from "./xml-reader.ts";
import { element, resultDocument, textElement } from "./xml-writer.ts";

export interface CorsRule {
  readonly id: string | undefined;
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Of the request. */
  readonly headers: readonly string[];
  /** Of the reply. */
  readonly exposed: readonly string[];
  readonly seconds: string | undefined;
}

const mostRules = 100;
const knownMethods = new Set(["GET", "PUT", "HEAD", "POST", "DELETE"]);

export async function putBucketCors(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const { root } = await readXmlBody(exchange, "CORSConfiguration");
  const rules = root.children.filter(({ name }) => name === "CORSRule").map(readRule);
  if (rules.length === 0 || rules.length > mostRules) throw malformedXml();
  bucket.cors = rules;
  return { status: 200 };
}

export function getBucketCors(exchange: Exchange): Reply {
  const { cors, name } = bucketOf(exchange);
  if (cors.length === 0) {
    throw new S3Error(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist", { BucketName: name });
  }
  return xmlReply(resultDocument("CORSConfiguration", cors.map(writeRule)));
}

export function deleteBucketCors(exchange: Exchange): Reply {
  bucketOf(exchange).cors = [];
  return { status: 204 };
}

/** A browser asks before it sends: without a signature. */
export function preflight(exchange: Exchange): Reply {
  const { headers } = exchange.request;
  const { refused, incomplete } = exchange.profile.preflightCodes;
  const forbidden = (message: string) => new S3Error(403, refused, `CORSResponse: ${message}`);
  const origin = headers.get("origin");
  if (origin === undefined) {
    throw new S3Error(400, incomplete, "Insufficient information. Origin request header needed.");
  }
  const method = headers.get("access-control-request-method");
  if (method === undefined || !knownMethods.has(method)) {
    throw new S3Error(400, incomplete, `Invalid Access-Control-Request-Method: ${method ?? "null"}`);
  }
  const { cors } = bucketOf(exchange);
  if (cors.length === 0) throw forbidden("CORS is not enabled for this bucket.");
  const asked = listOf(headers.get("access-control-request-headers"));
  const rule = cors.find((one) => allows(one, origin, method) && asked.every((name) => matchesAny(one.headers, name)));
  if (rule === undefined) {
    throw forbidden(
      "This CORS request is not allowed: no rule of the bucket has its origin, its method and its headers.",
    );
  }
  const allowed = asked.length === 0 ? {} : { "access-control-allow-headers": asked.join(", ") };
  return { status: 200, headers: { ...headersOf(rule, origin), ...allowed } };
}

/** What the reply to a page says about the page's origin; nothing where no rule lets it read the reply. */
export function corsHeaders({
  buckets,
  request,
}: Pick<Exchange, "buckets" | "request">): Readonly<Record<string, string>> {
  const origin = request.headers.get("origin");
  const rules = buckets.get(request.bucket)?.cors ?? [];
  if (origin === undefined || request.operation === "Preflight") return {};
  const rule = rules.find((one) => allows(one, origin, request.method));
  return rule === undefined ? {} : headersOf(rule, origin);
}

function headersOf(rule: CorsRule, origin: string): Readonly<Record<string, string>> {
  const { origins, methods, exposed, seconds } = rule;
  const isForAll = origins.includes("*");
  return {
    "access-control-allow-origin": isForAll ? "*" : origin,
    "access-control-allow-methods": methods.join(", "),
    ...(isForAll ? {} : { "access-control-allow-credentials": "true" }),
    ...(exposed.length === 0 ? {} : { "access-control-expose-headers": exposed.join(", ") }),
    ...(seconds === undefined ? {} : { "access-control-max-age": seconds }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

function allows({ origins, methods }: CorsRule, origin: string, method: string): boolean {
  return methods.includes(method) && matchesAny(origins, origin);
}

/** Each may have one `*`, for any characters. */
function matchesAny(patterns: readonly string[], text: string): boolean {
  const small = text.toLowerCase();
  return patterns.some((pattern) => {
    const [before = "", after] = pattern.toLowerCase().split("*");
    if (after === undefined) return small === before;
    return small.length >= before.length + after.length && small.startsWith(before) && small.endsWith(after);
  });
}

function readRule(rule: XmlElement): CorsRule {
  const all = (wanted: string) => rule.children.filter(({ name }) => name === wanted).map(({ text }) => text);
  const [origins, methods, headers] = [all("AllowedOrigin"), all("AllowedMethod"), all("AllowedHeader")];
  if (origins.length === 0 || methods.length === 0) throw malformedXml();
  const unknown = methods.find((method) => !knownMethods.has(method));
  if (unknown !== undefined) {
    const message = `Found unsupported HTTP method in CORS config. Unsupported method is ${unknown}`;
    throw new S3Error(400, "InvalidRequest", message);
  }
  const starred = [...origins, ...headers].find((pattern) => pattern.split("*").length > 2);
  if (starred !== undefined) {
    throw new S3Error(400, "InvalidRequest", `${starred} can not have more than one wildcard.`);
  }
  return {
    id: textOf(rule, "ID"),
    origins,
    methods,
    headers,
    exposed: all("ExposeHeader"),
    seconds: textOf(rule, "MaxAgeSeconds"),
  };
}

function writeRule({ id, origins, methods, headers, exposed, seconds }: CorsRule): string {
  const all = (name: string, texts: readonly string[]) => texts.map((text) => textElement(name, text));
  return element("CORSRule", [
    textElement("ID", id),
    ...all("AllowedHeader", headers),
    ...all("AllowedMethod", methods),
    ...all("AllowedOrigin", origins),
    ...all("ExposeHeader", exposed),
    textElement("MaxAgeSeconds", seconds),
  ]);
}

const listOf = (text: string | undefined) =>
  (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
