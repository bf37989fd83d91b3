/** What a run has found. */
import { type Capabilities, PersistError } from "@cuitty/persist-core";
import type { NumberedClause, Section } from "./contract.ts";
import type { Budget } from "./harness.ts";
import type { Outcome } from "./run-clause.ts";

export interface ClauseResult {
  readonly key: string;
  /** Its place in the contract, as `28.3.2`; `""` where it has none. */
  readonly number: string;
  /** Number and title of its section of the contract, as `28 Listings`. */
  readonly section: string;
  readonly title: string;
  /** `"absent"`: about something that the adapter need not have and has not. `"skipped"`: could not be tried. `"gap"`: failed, and was known to. */
  readonly status: "passed" | "failed" | "absent" | "skipped" | "gap";
  /** What was found, or why it was not tried. */
  readonly detail?: string;
}

export interface Report extends Counts {
  readonly adapter: string;
  /** Runs again what was random. */
  readonly seed: number;
  readonly budget: Budget;
  /** What of the contract was run; `""`: all of it. */
  readonly only: string;
  /** What the adapter says of itself. Left out where it could not be opened. */
  readonly capabilities?: Capabilities;
  readonly clauses: readonly ClauseResult[];
}

/** How many clauses came to what. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly absent: number;
  readonly skipped: number;
  /** Known gaps that are still open; counted neither as passed nor as failed. */
  readonly gaps: number;
}

export function createReport(about: Omit<Report, "clauses" | keyof Counts>, clauses: readonly ClauseResult[]): Report {
  return { ...about, ...countsOf(clauses), clauses };
}

function countsOf(clauses: readonly ClauseResult[]): Counts {
  const count = (status: ClauseResult["status"]) => clauses.filter((clause) => clause.status === status).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    absent: count("absent"),
    skipped: count("skipped"),
    gaps: count("gap"),
  };
}

/** The counts of each section, in the order of the contract. */
export function sectionsOf({ clauses }: Pick<Report, "clauses">): ({ readonly section: string } & Counts)[] {
  return [...Map.groupBy(clauses, ({ section }) => section)].map(([section, own]) => ({ section, ...countsOf(own) }));
}

/** What a run has shown. A run of a part shows no conformity, nor does one in which nothing was tried. */
export function conformityOf({ failed, gaps, passed, only }: Report): "conforms" | "partial" | "gaps" | "fails" {
  if (failed > 0 || passed + gaps === 0) return "fails";
  if (gaps > 0) return "gaps";
  return only === "" ? "conforms" : "partial";
}

/** The outcome in the light of the known gaps: a gap must fail. */
export function toResult(
  section: Section,
  { number, clause: { key, title } }: NumberedClause,
  outcome: Outcome,
  isKnownGap: boolean,
): ClauseResult {
  const about = { key, number, section: section.heading, title };
  switch (outcome.status) {
    case "passed":
      return isKnownGap
        ? { ...about, status: "failed", detail: "passes, but is listed in knownGaps: remove it there" }
        : { ...about, status: "passed" };
    case "absent":
    case "skipped":
      return isKnownGap
        ? { ...about, status: "failed", detail: `is listed in knownGaps, but is ${outcome.status}: ${outcome.reason}` }
        : { ...about, status: outcome.status, detail: outcome.reason };
    case "failed":
      return { ...about, status: isKnownGap ? "gap" : "failed", detail: describe(outcome.error) };
  }
}

/** A known gap that names no clause. */
export function unknownGap(key: string): ClauseResult {
  return {
    key,
    number: "",
    section: "Known gaps",
    title: "Known gaps name clauses",
    status: "failed",
    detail: "knownGaps names a clause that does not exist: remove it there",
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.name === "Failure" ? error.message : nameOf(error);
  return error.cause === undefined ? text : `${text}\n  because: ${describe(error.cause)}`;
}

/** Not an assertion of the kit: where it came from is of interest. */
function nameOf(error: Error): string {
  const code = PersistError.is(error) ? ` ${error.code}` : "";
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [`${error.name}${code}: ${error.message}`, ...frames.slice(0, 4)].join("\n");
}
