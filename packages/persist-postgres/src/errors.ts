/** From what the server, the network and the driver say to the errors that Persist throws. */
import { type ErrorDetails, PersistError } from "@cuitty/persist-core";
import { elsewhere } from "./lineage.ts";
import { type Meaning, meaningOfCode, meaningOfState } from "./sql-states.ts";

const adapter = "postgres";

/** A process of the server. Numbers come again, and the start tells them apart. */
export interface BackendName {
  readonly pid: number;
  /** Seconds since the epoch, as the server writes them. */
  readonly startedAt: string;
}

/** It was sent, and whether it happened is not known. */
export class Unanswered extends Error {
  readonly why: "lost" | "deadline" | "aborted";
  /** Where it may still run. */
  readonly backend: BackendName | undefined;

  constructor(why: Unanswered["why"], cause: unknown, backend?: BackendName) {
    super("There was no answer.", { cause });
    this.name = "Unanswered";
    this.why = why;
    this.backend = backend;
  }
}

/** The time was up, or nobody wanted the answer any more; nothing happened. */
export class Late extends Error {
  readonly why: "deadline" | "aborted";
  /** Whether a connection was all that it waited for. */
  readonly queued: boolean;

  constructor(why: Late["why"], queued: boolean, cause?: unknown) {
    super("It was too late.", { cause });
    this.name = "Late";
    this.why = why;
    this.queued = queued;
  }
}

/** The same of what cannot have happened without its answer: reading, and a transaction that was not told to commit. */
export function definite(error: unknown): unknown {
  if (!(error instanceof Unanswered)) return error;
  return error.why === "lost" ? error.cause : new Late(error.why, false, error.cause);
}

/** An error of our own, with a code of the table. */
export const unreachable = (code: string): Error => Object.assign(new Error(code), { code });

/** `attempt` completes "Could not …". */
export function toPersistError(error: unknown, attempt: string): PersistError {
  if (PersistError.is(error)) return error;
  if (error instanceof Unanswered) return unanswered(error, attempt);
  if (error instanceof Late) return late(error, attempt);
  const meaning = meaningOf(error);
  const cause = withoutValues(error);
  if (meaning !== undefined)
    return refuse(meaning.code, `Could not ${attempt}. ${meaning.reason}${said(error)}`, { cause });
  const message = error instanceof Error ? error.message : String(error);
  return refuse("INTERNAL", `Could not ${attempt}: ${message}`, { cause });
}

function unanswered({ why, cause }: Unanswered, attempt: string): PersistError {
  const outcome = "unknown";
  if (why === "aborted")
    return refuse("ABORTED", `Gave up waiting to ${attempt}; it may have happened.`, { cause, outcome });
  if (why === "deadline") {
    return refuse(
      "TIMEOUT",
      `Could not ${attempt} in time; it may have happened. The server is busy or does not answer.`,
      {
        cause: withoutValues(cause),
        outcome,
      },
    );
  }
  const meaning = meaningOf(cause) ?? { code: "UNAVAILABLE", reason: "The connection broke." };
  return refuse("UNAVAILABLE", `Could not ${attempt}, or it happened and the answer was lost. ${meaning.reason}`, {
    cause: withoutValues(cause),
    outcome,
  });
}

function late({ why, queued, cause }: Late, attempt: string): PersistError {
  if (why === "aborted") return refuse("ABORTED", `Gave up waiting to ${attempt}.`, { cause });
  const reason = queued
    ? "no connection was free. Raise pool.max, or look for what keeps them busy."
    : "the server took too long. Look for what keeps it busy, or for a transaction that holds a lock.";
  return refuse("TIMEOUT", `Could not ${attempt} in time: ${reason}`, { cause: withoutValues(cause) });
}

const refuse = (code: PersistError["code"], message: string, details: ErrorDetails): PersistError =>
  new PersistError(code, message, { adapter, ...details });

function meaningOf(error: unknown): Meaning | undefined {
  const code = codeOf(error);
  return stateOf(error) === undefined ? meaningOfCode(code) : meaningOfState(code);
}

/** The server's words, which name what it is about: a user, a database, a table. */
const said = (error: unknown): string =>
  stateOf(error) === undefined || !(error instanceof Error) ? "" : ` (The server said: ${error.message})`;

const codeOf = (error: unknown): string => {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
};

/** The SQLSTATE, where it is the server's answer. */
export const stateOf = (error: unknown): string | undefined =>
  error instanceof Error && "severity" in error ? codeOf(error) : undefined;

/** Whether the server has only rolled back, and the same may succeed in a moment: it was in the way of another transaction. */
export const isCollision = (error: unknown): boolean => ["40001", "40P01"].includes(stateOf(error) ?? "");

/** Whether the database has refused because it is another one than before, as it does until its lineage is begun. */
export const isElsewhere = (error: unknown): boolean => stateOf(error) === elsewhere;

/** Whether the server answered, and therefore nothing happened. It answers FATAL and ends the connection where that is not certain. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof Error && "severity" in error && error.severity === "ERROR" && codeOf(error) !== "40003";

/** What of the server's error may be shown: not the statement, its parameters and the detail, which have the users' values in them. */
const shown: readonly string[] = [
  "code",
  "severity",
  "hint",
  "schema_name",
  "table_name",
  "constraint_name",
  "routine",
];

function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (!("severity" in error) && !("query" in error)) return error;
  const clean = new Error(error.message);
  clean.name = error.name;
  if (error.stack !== undefined) clean.stack = error.stack;
  const facts = Object.entries(error).filter(([name]) => shown.includes(name));
  return Object.assign(clean, Object.fromEntries(facts));
}
