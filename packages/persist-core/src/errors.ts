/**
 * What can go wrong, as one closed set. Codes never change their meaning; messages may be improved at any time, so programs decide by `code`.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | `NOT_FOUND` | an operation that needs an existing entry found none | create it, or use the operation that tolerates absence |
 * | `CONFLICT` | a condition was not met; nothing was written | read again, decide again |
 * | `INVALID_ARGUMENT` | an option is malformed or contradicts another | fix the call |
 * | `INVALID_KEY` | a key, stream, type, tag or name breaks the rules | fix the key |
 * | `INVALID_VALUE` | a value holds something that cannot be stored exactly; the message has its path | fix the value |
 * | `TOO_LARGE` | a limit is exceeded | split it, or use `store.blobs` |
 * | `VALIDATION` | the schema of the collection refused the value | fix the value |
 * | `UNSUPPORTED` | this backend cannot do it, and says so before any I/O | see `store.capabilities` |
 * | `CLOSED` | the store is closed | open it again |
 * | `UNAVAILABLE` | the backend cannot be reached or is busy | retry later |
 * | `TIMEOUT` | the operation's deadline passed | retry, or raise `timeout` |
 * | `ABORTED` | the caller's `signal` was aborted | nothing |
 * | `DENIED` | the backend refuses this user, or the place is read-only | fix credentials or permissions |
 * | `RATE_LIMITED` | the backend asks for less traffic | retry later |
 * | `NO_SPACE` | disk or quota is full | free space |
 * | `CORRUPT` | stored bytes are not what was stored | restore from a backup |
 * | `CURSOR_EXPIRED` | a change cursor is older than what is retained | start over with `initial` |
 * | `MIGRATION` | the stored layout is newer than this version, or a migration failed | upgrade the package |
 * | `ADAPTER_NOT_FOUND` | no adapter of that name | install and import it |
 * | `ADAPTER_CONFLICT` | two packages claim one adapter name, or one speaks another contract | remove or upgrade one |
 * | `INTERNAL` | a defect of the adapter or of Persist | report it |
 */
export type ErrorCode =
  | "NOT_FOUND"
  | "CONFLICT"
  | "INVALID_ARGUMENT"
  | "INVALID_KEY"
  | "INVALID_VALUE"
  | "TOO_LARGE"
  | "VALIDATION"
  | "UNSUPPORTED"
  | "CLOSED"
  | "UNAVAILABLE"
  | "TIMEOUT"
  | "ABORTED"
  | "DENIED"
  | "RATE_LIMITED"
  | "NO_SPACE"
  | "CORRUPT"
  | "CURSOR_EXPIRED"
  | "MIGRATION"
  | "ADAPTER_NOT_FOUND"
  | "ADAPTER_CONFLICT"
  | "INTERNAL";

/**
 * Whether the operation took effect. `"unknown"`: it may have; read again and compare `version`.
 */
export type Outcome = "not-applied" | "applied" | "unknown";

/** What is known about an error beside its code and message. */
export interface ErrorDetails {
  /** Default by code: `UNAVAILABLE`, `TIMEOUT`, `RATE_LIMITED` and `CONFLICT` may succeed when tried again. */
  readonly retryable?: boolean | undefined;
  /** Default `"not-applied"`. */
  readonly outcome?: Outcome | undefined;
  /** The version that the write has if it happened. */
  readonly version?: string | undefined;
  /** The adapter's name. */
  readonly adapter?: string | undefined;
  /** The operation, such as `kv.set`. */
  readonly operation?: string | undefined;
  /** The key or stream concerned. */
  readonly key?: string | undefined;
  /** The driver's own error. */
  readonly cause?: unknown;
}

// A mark in the global symbol registry, because `instanceof` is false between two installed copies of this package.
const mark = Symbol.for("cuitty.persist.error/1");

const retryableCodes: ReadonlySet<ErrorCode> = new Set(["CONFLICT", "UNAVAILABLE", "TIMEOUT", "RATE_LIMITED"]);

/** Every error that Persist throws. Tell them apart by `code`, with {@link PersistError.is}. */
export class PersistError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly outcome: Outcome;
  readonly version?: string;
  readonly adapter?: string;
  readonly operation?: string;
  readonly key?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "PersistError";
    this.code = code;
    this.retryable = details.retryable ?? retryableCodes.has(code);
    this.outcome = details.outcome ?? "not-applied";
    if (details.version !== undefined) this.version = details.version;
    if (details.adapter !== undefined) this.adapter = details.adapter;
    if (details.operation !== undefined) this.operation = details.operation;
    if (details.key !== undefined) this.key = details.key;
    Object.defineProperty(this, mark, { value: true });
  }

  /**
   * Whether `error` is a PersistError, and, where `code` is given, one of that code. Works across two installed copies of this package.
   */
  static is<C extends ErrorCode>(error: unknown, code?: C): error is PersistError & { code: C } {
    if (typeof error !== "object" || error === null || !(mark in error)) return false;
    return code === undefined || (error as unknown as PersistError).code === code;
  }
}
