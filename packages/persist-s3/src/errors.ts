/** From what the server, the network and the driver say to the errors that Persist throws. */
import { type ErrorDetails, PersistError } from "@cuitty/persist-core";
import { garbled, type Meaning, meaningOfAnswer, meaningOfName } from "./error-codes.ts";

const adapter = "s3";

/** The request was given up: nobody wants the answer any more, the time was up, or the server was silent for too long. */
export class Cut extends Error {
  readonly why: "aborted" | "deadline" | "silence";

  constructor(why: Cut["why"]) {
    super("The request was given up.");
    this.name = "Cut";
    this.why = why;
  }
}

/** The body of an answer ended before its end. */
export const cutShort = (): Error => Object.assign(new Error("The body ended too early."), { code: "ECONNRESET" });

export interface Failure {
  readonly meaning: Meaning | undefined;
  /** The server's words, which name what it is about. */
  readonly said: string | undefined;
  /** How long the server asks to be left alone, in milliseconds. */
  readonly pause: number | undefined;
  /** Without what must not be shown: URLs and headers with signatures, bodies. */
  readonly cause: Error;
}

interface SdkError extends Error {
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly clockSkewCorrected?: boolean;
    readonly attempts?: number;
  };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

const asSdkError = (error: unknown): SdkError => (error instanceof Error ? error : new Error(String(error)));

/** Of a refusal; `undefined` where the server did not refuse. */
export function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = asSdkError(error);
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  return status !== undefined && status >= 300 ? status : undefined; // the answer was good, and broke
}

/** `NoSuchKey`; empty where there is none. */
export const codeOf = (error: unknown): string => {
  const { Code, name } = asSdkError(error);
  return typeof Code === "string" ? Code : name;
};

/** Whether there is no such object, in a bucket that is there. */
export const isMissing = (error: unknown): boolean => statusOf(error) === 404 && codeOf(error) !== "NoSuchBucket";

/** Whether the SDK has sent the request more than once, as a given client may. */
export const wasRepeated = (error: unknown): boolean => (asSdkError(error).$metadata?.attempts ?? 1) > 1;

export function failureOf(error: unknown): Failure {
  const sdkError = asSdkError(error);
  const status = statusOf(error);
  const headers = sdkError.$response?.headers ?? {};
  const meaning = meaningOf(sdkError, status);
  const region = headers["x-amz-bucket-region"];
  return {
    meaning:
      meaning?.code === "INVALID_ARGUMENT" && status !== undefined && region !== undefined
        ? { ...meaning, reason: `${meaning.reason} It is ${region}.` }
        : meaning,
    said: status !== undefined && sdkError.message !== "" ? sdkError.message : undefined,
    pause: pauseOf(headers["retry-after"]),
    cause: withoutSecrets(sdkError, status),
  };
}

function meaningOf(error: SdkError, status: number | undefined): Meaning | undefined {
  if (error instanceof Cut) return undefined;
  if (status !== undefined) {
    const meaning = meaningOfAnswer(codeOf(error), status);
    // The answer to HEAD does not tell why; the SDK has looked at its clock.
    const corrected = error.$metadata?.clockSkewCorrected === true && meaning?.code === "DENIED";
    return corrected ? { ...meaning, again: "once" } : meaning;
  }
  if (/region is missing/i.test(error.message)) {
    const reason = "There is no region. Pass the option region, or set AWS_REGION.";
    return { code: "INVALID_ARGUMENT", reason };
  }
  const byName = meaningOfName(typeof error.code === "string" ? error.code : "") ?? meaningOfName(error.name);
  return byName ?? ("$response" in error || error.name === "SyntaxError" ? garbled : undefined);
}

/** The header tells seconds, or a date. */
function pauseOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const pause = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(pause) ? undefined : Math.max(0, pause);
}

function withoutSecrets(error: SdkError, status: number | undefined): Error {
  if (status === undefined && !("$metadata" in error) && !("$response" in error)) return error;
  const clean = new Error(error.message);
  clean.name = error.name;
  if (error.stack !== undefined) clean.stack = error.stack;
  const { requestId } = error.$metadata ?? {};
  return Object.assign(clean, { code: codeOf(error), status, ...(requestId === undefined ? {} : { requestId }) });
}

export interface Attempted {
  /** Completes "Could not …". */
  readonly attempt: string;
  readonly place: string;
  /** Whether it may have happened. */
  readonly doubtful: boolean;
  /** How often it was sent. */
  readonly times: number;
}

/** The last of the failures. */
export function toPersistError(error: unknown, attempted: Attempted): PersistError {
  if (PersistError.is(error)) return error;
  const { attempt, place, doubtful, times } = attempted;
  const outcome = doubtful ? "unknown" : "not-applied";
  const what = `${attempt} in ${place}`;
  const perhaps = doubtful ? "; it may have happened" : "";
  if (error instanceof Cut) {
    if (error.why === "aborted") return refuse("ABORTED", `Gave up waiting to ${what}${perhaps}.`, { outcome });
    const reason = "The server is busy or does not answer, or the network is slow.";
    return refuse("TIMEOUT", `Could not ${what} in time${perhaps}. ${reason}`, { outcome });
  }
  const { meaning, said, cause } = failureOf(error);
  const often = times > 1 ? ` It was tried ${times} times.` : "";
  if (meaning === undefined) {
    return refuse("INTERNAL", `Could not ${what}${perhaps}: ${asSdkError(error).message}${often}`, { cause, outcome });
  }
  const words = said === undefined ? "" : ` (The server said: ${said})`;
  return refuse(meaning.code, `Could not ${what}${perhaps}. ${meaning.reason}${often}${words}`, { cause, outcome });
}

export const refuse = (code: PersistError["code"], message: string, details: ErrorDetails = {}): PersistError =>
  new PersistError(code, message, { adapter, ...details });

/** The same of something that nobody can have seen, whatever has become of it. */
export function notApplied(error: unknown): unknown {
  if (!PersistError.is(error) || error.outcome === "not-applied") return error;
  const { code, message, retryable } = error;
  return new PersistError(code, message, { retryable, outcome: "not-applied", cause: error, adapter });
}
