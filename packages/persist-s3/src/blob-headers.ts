/**
 * What the headers of an object say of a blob. A user's metadata stand there as they are where names and values are plain, so that any tool reads them. What is not plain is put together in one
 * header, and what there is no room for goes to a sidecar. Headers of Persist's own:
 *
 * | name | value |
 * |---|---|
 * | `persist-version` | the version of the row |
 * | `persist-sha256` | hex |
 * | `persist-time` | when it was put, in milliseconds since the epoch |
 * | `persist-more` | what no header can say: {@link More} as base64 of JSON |
 * | `persist-sidecar` | the token of the sidecar, which says what is said nowhere else |
 */
import type { ObjectFacts } from "./bucket.ts";

export interface BlobHeaders {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is known of a blob beside its bytes. */
export interface About {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is known when it is put, and not before. */
export interface Stamp {
  readonly version: string;
  /** Hex; left out where nobody knows it. */
  readonly sha256?: string | undefined;
  readonly time: number;
}

/** What is not in the headers as it is. */
export interface More {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
}

export interface Sidecar {
  /** The object that it is about, as its key in the bucket. */
  readonly place: string;
  readonly stamp?: Stamp | undefined;
  readonly more?: More | undefined;
}

/** A token for the name of a sidecar, and what must be in it. */
export interface Aside {
  readonly token: string;
  readonly more?: More | undefined;
}

const own = "persist-";
const names = {
  version: `${own}version`,
  sha256: `${own}sha256`,
  time: `${own}time`,
  more: `${own}more`,
  sidecar: `${own}sidecar`,
};

/** Servers take 2 KB of metadata; some count what S3 puts before each name. */
const most = 2000;
const before = "x-amz-meta-".length;
/** For the stamp and the name of a sidecar. */
const reserved = 400;

const plainName = /^[a-z0-9][a-z0-9-]{0,127}$/;
const plainValue = /^[!-~]+( [!-~]+)*$/;

/**
 * The headers that are known beforehand, and what has to go to a sidecar. `token`: of the sidecar, where there is to be one in any case; else one is made where there is need of it.
 */
export function writeHeaders(
  { contentType, metadata }: About,
  token?: string,
): { readonly headers: BlobHeaders; readonly aside?: Aside | undefined } {
  const all = Object.entries(metadata);
  const plain = all.filter(([name, value]) => isPlain(name, value));
  const rest = all.filter(([name, value]) => !isPlain(name, value));
  const isType = plainValue.test(contentType);
  const moreOf = (entries: readonly (readonly [string, string])[]): More => ({
    ...(entries.length === 0 ? {} : { metadata: Object.fromEntries(entries) }),
    ...(isType ? {} : { contentType }),
  });
  const type = isType ? contentType : "application/octet-stream";
  const withMore = (entries: readonly (readonly [string, string])[], more: More): BlobHeaders => {
    const text = Object.keys(more).length === 0 ? [] : [[names.more, encode(more)] as const];
    return { contentType: type, metadata: Object.fromEntries([...entries, ...text]) };
  };
  const withToken = (headers: BlobHeaders, more?: More) => {
    if (token === undefined && more === undefined) return { headers };
    const aside = { token: token ?? crypto.randomUUID(), ...(more === undefined ? {} : { more }) };
    return { headers: { ...headers, metadata: { ...headers.metadata, [names.sidecar]: aside.token } }, aside };
  };
  const readable = withMore(plain, moreOf(rest));
  if (sizeOf(readable) + reserved <= most) return withToken(readable);
  // Many small names take more room in headers of their own.
  const packed = withMore([], moreOf(all));
  if (sizeOf(packed) + reserved <= most) return withToken(packed);
  return withToken(withMore([], {}), moreOf(all));
}

/** With what is known at last. */
export function stamped({ contentType, metadata }: BlobHeaders, { version, sha256, time }: Stamp): BlobHeaders {
  return {
    contentType,
    metadata: {
      ...metadata,
      [names.version]: version,
      [names.time]: String(time),
      ...(sha256 === undefined ? {} : { [names.sha256]: sha256 }),
    },
  };
}

/** The token of the sidecar that the object names. */
export const sidecarOf = ({ metadata }: Pick<ObjectFacts, "metadata">): string | undefined => metadata[names.sidecar];

/** What headers and sidecar say. What others have written, or changed, is taken as it is. */
export function readHeaders(
  { contentType, metadata }: Pick<ObjectFacts, "contentType" | "metadata">,
  sidecar: Sidecar | undefined,
): About & { readonly stamp?: Stamp | undefined } {
  const { [names.version]: version, [names.sha256]: sha256, [names.time]: time = "", [names.more]: text } = metadata;
  const users = Object.entries(metadata).filter(([name]) => !Object.values(names).includes(name));
  const more = { ...(text === undefined ? {} : decode(text)), ...sidecar?.more };
  const stamp = version === undefined ? sidecar?.stamp : { version, sha256, time: Number(time) };
  return {
    contentType: more.contentType ?? contentType,
    metadata: Object.fromEntries([...users, ...Object.entries(more.metadata ?? {})]),
    stamp,
  };
}

function isPlain(name: string, value: string): boolean {
  // Some tools take what begins with =? for an encoded word.
  return plainName.test(name) && !name.startsWith(own) && plainValue.test(value) && !value.includes("=?");
}

function sizeOf({ metadata }: BlobHeaders): number {
  return Object.entries(metadata).reduce((sum, [name, value]) => sum + before + name.length + value.length, 0);
}

function encode(more: More): string {
  return Buffer.from(JSON.stringify(more)).toString("base64");
}

function decode(text: string): More {
  try {
    return JSON.parse(Buffer.from(text, "base64").toString()) as More;
  } catch {
    return {}; // not ours
  }
}
