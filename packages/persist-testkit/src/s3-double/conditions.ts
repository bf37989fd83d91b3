/** Conditions of requests: whether what is stored is what the client takes it for. */
import { noSuchKey, notImplemented, preconditionFailed, S3Error } from "./s3-error.ts";

/** What conditions are held to. */
export interface Stored {
  /** Without quotes. */
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

export interface WriteConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface WriteRules {
  readonly comparesQuotes: boolean;
  readonly takesEtagInIfNoneMatch: boolean;
  readonly missingStatus: 404 | 412;
}

export const writeConditions = (headers: ReadonlyMap<string, string>): WriteConditions => ({
  ifMatch: headers.get("if-match"),
  ifNoneMatch: headers.get("if-none-match"),
});

export const hasConditions = ({ ifMatch, ifNoneMatch }: WriteConditions): boolean =>
  ifMatch !== undefined || ifNoneMatch !== undefined;

/** @throws S3Error where the write must not be done. */
export function checkWrite(conditions: WriteConditions, stored: Stored | undefined, rules: WriteRules): void {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw notImplemented("If-Match with If-None-Match");
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== "*" && !rules.takesEtagInIfNoneMatch) throw notImplemented("If-None-Match with an ETag");
    if (stored !== undefined && isAmong(stored.etag, ifNoneMatch, rules)) throw preconditionFailed("If-None-Match");
  }
  if (ifMatch !== undefined) {
    if (stored === undefined) {
      throw rules.missingStatus === 404 && ifMatch !== "*" ? noSuchKey() : preconditionFailed("If-Match");
    }
    if (!isAmong(stored.etag, ifMatch, rules)) throw preconditionFailed("If-Match");
  }
}

function isAmong(etag: string, given: string, { comparesQuotes }: WriteRules): boolean {
  return given === "*" || etag === (comparesQuotes ? given : unquoted(given));
}

export interface ReadConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

/** @param prefix - `"x-amz-copy-source-"` for those about the source of a copy. */
export const readConditions = (headers: ReadonlyMap<string, string>, prefix = ""): ReadConditions => ({
  ifMatch: headers.get(`${prefix}if-match`),
  ifNoneMatch: headers.get(`${prefix}if-none-match`),
  ifModifiedSince: headers.get(`${prefix}if-modified-since`),
  ifUnmodifiedSince: headers.get(`${prefix}if-unmodified-since`),
});

/**
 * In the order of RFC 9110: ETags come before times, and where both are given the ETag decides.
 *
 * @throws S3Error of status 412.
 * @returns Whether the client has the object as it is.
 */
export function checkRead(conditions: ReadConditions, { etag, modified }: Stored): "unchanged" | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const seconds = Math.floor(modified / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!matchesAny(etag, ifMatch)) throw preconditionFailed("If-Match");
  } else if (seconds > timeOf(ifUnmodifiedSince)) throw preconditionFailed("If-Unmodified-Since");
  if (ifNoneMatch !== undefined) return matchesAny(etag, ifNoneMatch) ? "unchanged" : undefined;
  return seconds <= timeOf(ifModifiedSince) ? "unchanged" : undefined;
}

/** `NaN`, which nothing is above or below, where there is no time. */
const timeOf = (text: string | undefined) => (text === undefined ? Number.NaN : Date.parse(text));

function matchesAny(etag: string, given: string): boolean {
  return given.split(",").some((one) => one.trim() === "*" || unquoted(one.trim()) === etag);
}

const unquoted = (etag: string) => etag.replace(/^"(.*)"$/, "$1");

export const lostRaceTo409 = (): S3Error =>
  new S3Error(
    409,
    "ConditionalRequestConflict",
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
  );
