import type { Body } from "./body.ts";
import { type Bucket, type Buckets, bucketNamed } from "./bucket.ts";
import type { Content } from "./content.ts";
import type { Profile } from "./profile.ts";
import type { S3Request } from "./request.ts";

/** One request with all that is needed to do what it asks for. */
export interface Exchange {
  readonly request: S3Request;
  readonly profile: Profile;
  readonly buckets: Buckets;
  readonly region: string;
  now(): number;
  /** Takes in the body. @param largest - In bytes; default 5 GiB. */
  receive(largest?: number): Promise<Body>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?:
    | { readonly kind: "xml"; readonly text: string }
    | { readonly kind: "bytes"; readonly content: Content; readonly start: number; readonly end: number };
}

export type Operate = (exchange: Exchange) => Reply | Promise<Reply>;

export const bucketOf = ({ buckets, request }: Exchange): Bucket => bucketNamed(buckets, request.bucket);

export const xmlReply = (text: string): Reply => ({ status: 200, body: { kind: "xml", text } });

export const quoted = (etag: string): string => `"${etag}"`;

/** As XML has times. */
export const isoTime = (time: number): string => new Date(time).toISOString();
