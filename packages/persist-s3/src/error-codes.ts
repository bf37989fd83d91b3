/** What the errors mean of the server, of the network and of the driver. */
import type { ErrorCode } from "@cuitty/persist-core";

/** The code of a connection that was not made in time. */
export const connectTimeout = "CONNECT_TIMEOUT";

export interface Meaning {
  readonly code: ErrorCode;
  /** What is the matter and what to do, as whole sentences for people. */
  readonly reason: string;
  /**
   * Whether the same request may fare better. `"soon"`: somebody was in the way. `"later"`: the server or the way to it has trouble. `"once"`: something has been set right.
   * Left out: no.
   */
  readonly again?: "soon" | "later" | "once";
  /** Whether the server may have done all the same what it was asked for. */
  readonly doubtful?: true;
}

const unreachable = "Check that the server runs, the option endpoint, and the network.";
const keys = "Check the option credentials, or what the SDK finds instead of it.";
const defect = "This is a defect of Persist. Please report it.";
const wrongRegion = "Set the option region to that of the bucket.";
const busy: Meaning = {
  code: "RATE_LIMITED",
  reason: "The server asks for fewer requests. Lower the option concurrency, or try again later.",
  again: "later",
};
const trouble: Meaning = {
  code: "UNAVAILABLE",
  reason: "The server has trouble of its own. Try again later.",
  again: "later",
  doubtful: true,
};
const damaged: Meaning = {
  code: "UNAVAILABLE",
  reason: "What arrived is not what was sent. Look for what damages it on its way.",
  again: "later",
};
const crowded: Meaning = {
  code: "UNAVAILABLE",
  reason: "It was in the way of other requests again and again. Try again.",
  again: "soon",
};
const refused: Meaning = { code: "DENIED", reason: `The server does not know these credentials. ${keys}` };
const expired: Meaning = { code: "DENIED", reason: `The session of these credentials has ended. ${keys}` };
const elsewhere: Meaning = { code: "INVALID_ARGUMENT", reason: `The bucket is in another region. ${wrongRegion}` };
const full: Meaning = { code: "NO_SPACE", reason: "The server has no space left, or a quota is used up. Free some." };
const skewed: Meaning = {
  code: "DENIED",
  reason: "The clock of this machine is too far from that of the server. Set it right.",
  again: "once",
};
const bucketMissing: Meaning = {
  code: "DENIED",
  reason: "There is no bucket of that name. Create it, or correct the option bucket.",
};
const withoutCredentials: Meaning = {
  code: "DENIED",
  reason:
    "The SDK found no credentials. Pass the option credentials, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
};

/** By the code in the server's answer. */
const byCode: Readonly<Record<string, Meaning>> = {
  AccessDenied: {
    code: "DENIED",
    reason: "These credentials may not do this. Whoever owns the bucket has to allow it by a policy.",
  },
  AllAccessDisabled: { code: "DENIED", reason: "All access to the bucket has been disabled." },
  AccountProblem: { code: "DENIED", reason: "Something is wrong with the account. Ask its provider." },
  InvalidAccessKeyId: refused,
  SignatureDoesNotMatch: { code: "DENIED", reason: `The secret access key is wrong. ${keys}` },
  InvalidToken: refused,
  InvalidClientTokenId: refused,
  ExpiredToken: expired,
  TokenRefreshRequired: expired,
  RequestExpired: skewed,
  RequestTimeTooSkewed: skewed,
  NoSuchBucket: bucketMissing,
  InvalidBucketName: { code: "INVALID_ARGUMENT", reason: "No bucket can have that name. Correct the option bucket." },
  PermanentRedirect: elsewhere,
  TemporaryRedirect: elsewhere,
  Redirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  NoSuchKey: { code: "NOT_FOUND", reason: "There is no such object." },
  NoSuchVersion: { code: "NOT_FOUND", reason: "There is no such version of the object." },
  NoSuchUpload: { code: "NOT_FOUND", reason: "There is no such upload: it was completed or given up." },
  PreconditionFailed: { code: "CONFLICT", reason: "Something else is there." },
  ConditionalRequestConflict: crowded,
  OperationAborted: crowded,
  InvalidPart: { code: "CONFLICT", reason: "A part of the upload is not there, or was sent anew by somebody else." },
  InvalidPartOrder: { code: "INTERNAL", reason: defect },
  EntityTooSmall: {
    code: "INVALID_ARGUMENT",
    reason: "A part of the upload is too small: all but the last need 5 MiB.",
  },
  EntityTooLarge: { code: "TOO_LARGE", reason: "It is larger than the server takes at once. Set the option partSize." },
  MaxMessageLengthExceeded: { code: "TOO_LARGE", reason: "It is larger than the server takes." },
  MetadataTooLarge: { code: "TOO_LARGE", reason: "The metadata are longer than the server takes." },
  RequestHeaderSectionTooLarge: { code: "TOO_LARGE", reason: "The metadata are longer than the server takes." },
  KeyTooLongError: {
    code: "INVALID_KEY",
    reason: "The server takes keys of up to 1 024 bytes. Shorten the option prefix.",
  },
  InvalidObjectName: { code: "INVALID_KEY", reason: "The server takes no such key." },
  InvalidURI: { code: "INVALID_KEY", reason: "The server takes no such key." },
  InvalidObjectState: {
    code: "UNSUPPORTED",
    reason: "The object is in an archive. Restore it first, and leave Persist's objects out of such lifecycle rules.",
  },
  InvalidRange: { code: "INVALID_ARGUMENT", reason: "The object is shorter than that." },
  MethodNotAllowed: { code: "UNSUPPORTED", reason: "The server does not do this." },
  NotImplemented: { code: "UNSUPPORTED", reason: "The server cannot do this." },
  QuotaExceeded: full,
  ServiceQuotaExceeded: full,
  InsufficientStorage: full,
  XMinioStorageFull: full,
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  IncompleteBody: damaged,
  RequestTimeout: {
    code: "UNAVAILABLE",
    reason: "The request came too slowly. Look for what slows the network.",
    again: "later",
  },
  SlowDown: busy,
  SlowDownRead: busy,
  SlowDownWrite: busy,
  TooManyRequests: busy,
  Throttling: busy,
  ThrottlingException: busy,
  RequestThrottled: busy,
  RequestLimitExceeded: busy,
  BandwidthLimitExceeded: busy,
  InternalError: trouble,
  UnknownError: { ...trouble, again: "soon" }, // Ceph, to one of two who write at once
  ServiceUnavailable: trouble,
};

/** By the status of an answer whose code is not known, as that to HEAD, which has none, or that of somebody between. */
const byStatus: Readonly<Record<number, Meaning>> = {
  301: elsewhere,
  307: elsewhere,
  400: {
    code: "INVALID_ARGUMENT",
    reason: `The server does not understand the request. Check the options endpoint and region. ${keys}`,
  },
  401: refused,
  403: {
    code: "DENIED",
    reason: `The server refuses it. ${keys} They may lack a permission, such as to list the bucket.`,
  },
  404: { code: "NOT_FOUND", reason: "There is no such object, or no such bucket." },
  405: { code: "UNSUPPORTED", reason: "The server does not do this." },
  408: { code: "UNAVAILABLE", reason: "The request came too slowly. Look for what slows the network.", again: "later" },
  409: crowded,
  411: { code: "UNSUPPORTED", reason: "The server, or something before it, wants bodies in another form." },
  412: { code: "CONFLICT", reason: "Something else is there." },
  413: { code: "TOO_LARGE", reason: "It is larger than the server, or something before it, takes at once." },
  416: { code: "INVALID_ARGUMENT", reason: "The object is shorter than that." },
  429: busy,
  500: trouble,
  501: { code: "UNSUPPORTED", reason: "The server cannot do this." },
  502: trouble,
  503: trouble,
  504: trouble,
  507: full,
};

/** What answers, and not as S3 does. */
export const garbled: Meaning = {
  code: "UNAVAILABLE",
  reason: `What answers there does not speak S3. ${unreachable}`,
  again: "later",
  doubtful: true,
};
const certificate =
  "The server's certificate is not trusted. Set NODE_EXTRA_CA_CERTS to that of the authority that signed it.";
const broken: Meaning = {
  code: "UNAVAILABLE",
  reason: "The connection broke. Try again.",
  again: "later",
  doubtful: true,
};
const unreached = (reason: string): Meaning => ({
  code: "UNAVAILABLE",
  reason: `${reason} ${unreachable}`,
  again: "later",
});

/** By the `code` or the `name` of errors from the system, from TLS, and from the SDK. */
const byName: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: unreached("Nobody listens there."),
  ECONNRESET: broken,
  ECONNABORTED: broken,
  EPIPE: broken,
  ETIMEDOUT: { ...unreached("The server does not answer."), doubtful: true },
  EHOSTUNREACH: unreached("There is no way to the server."),
  ENETUNREACH: unreached("There is no way to the server."),
  ENOTFOUND: unreached("There is no host of that name."),
  EAI_AGAIN: unreached("The name service does not answer."),
  EMFILE: { code: "UNAVAILABLE", reason: "This process has too many files and sockets open.", again: "later" },
  EPROTO: { code: "UNAVAILABLE", reason: `The two sides cannot agree on TLS. ${unreachable}` },
  [connectTimeout]: unreached("A connection could not be made in time."),
  TimeoutError: unreached("A connection could not be made in time."),
  ERR_STREAM_PREMATURE_CLOSE: broken,
  HPE_INVALID_CONSTANT: { code: "UNAVAILABLE", reason: `What answers there does not speak HTTP. ${unreachable}` },
  CredentialsProviderError: withoutCredentials,
  TokenProviderError: withoutCredentials,
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: "DENIED", reason: certificate },
  SELF_SIGNED_CERT_IN_CHAIN: { code: "DENIED", reason: certificate },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: "DENIED", reason: certificate },
  UNABLE_TO_GET_ISSUER_CERT: { code: "DENIED", reason: certificate },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: "DENIED", reason: certificate },
  CERT_HAS_EXPIRED: { code: "DENIED", reason: "The server's certificate has expired." },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "DENIED",
    reason: "The server's certificate is for another host name. Correct the option endpoint, or set forcePathStyle.",
  },
};

/** Of the server's answer. Where neither is known: by the class of the status. */
export function meaningOfAnswer(code: string, status: number): Meaning | undefined {
  if (status === 404 && !Object.hasOwn(byCode, code)) return byStatus[404];
  const known = Object.hasOwn(byCode, code) ? byCode[code] : byStatus[status];
  return known ?? (status >= 500 ? trouble : undefined);
}

/** Of an error that is not the server's answer. */
export const meaningOfName = (name: string): Meaning | undefined => {
  if (Object.hasOwn(byName, name)) return byName[name];
  if (/^(ERR_SSL_|ERR_TLS_)/.test(name)) return byName.EPROTO;
  return name.startsWith("CERT_") ? { code: "DENIED", reason: certificate } : undefined;
};
