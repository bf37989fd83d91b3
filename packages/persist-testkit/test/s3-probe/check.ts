import type { S3Client } from "@aws-sdk/client-s3";

/** An S3 server, and who may use it. */
export interface Endpoint {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface Bench extends Endpoint {
  /** Sends each request once, with the checksums that the SDK adds by itself. */
  readonly s3: S3Client;
  /** Adds no checksum that is not asked for, and no trailer. */
  readonly plain: S3Client;
  /** A bucket that nobody else uses. */
  readonly bucket: string;
}

export type Server = "aws" | "ceph16" | "no-conditions";

/** What is asked, and what is answered: that of `aws` by its documentation; others only where they depart from it. */
export interface Check {
  readonly name: string;
  readonly answers: { readonly aws: string } & Partial<Record<Server, string>>;
  run(bench: Bench): Promise<string>;
}

export function check(name: string, answers: string | Check["answers"], run: Check["run"]): Check {
  return { name, answers: typeof answers === "string" ? { aws: answers } : answers, run };
}

interface Sent {
  readonly $metadata: { readonly httpStatusCode?: number | undefined };
  readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | string | undefined;
}

/** The status of an answer, with its code where it is a refusal: `"412 PreconditionFailed"`. */
export async function outcome(sent: Promise<Sent>): Promise<string> {
  try {
    const { $metadata, Body } = await sent;
    // A body that nobody reads holds its connection for ever.
    if (typeof Body === "object") await Body.transformToByteArray();
    return String($metadata.httpStatusCode);
  } catch (error) {
    const { name, Code, $metadata } = error as { name: string; Code?: string; $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    if (status === undefined) throw error;
    return /^\d|^(Unknown|NotFound|NotModified)/.test(Code ?? name) ? String(status) : `${status} ${Code ?? name}`;
  }
}

/** The status of a plain HTTP answer, with the code where its body has one. */
export async function httpOutcome(sent: Promise<Response>): Promise<string> {
  const response = await sent;
  const code = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
  return [response.status, code].filter((part) => part !== undefined).join(" ");
}

export const yesNo = (holds: boolean): string => (holds ? "yes" : "no");
