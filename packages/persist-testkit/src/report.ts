/** What a run has found. */
import { PersistError } from "@cuitty/persist-core";
import type { NumberedClause, Section } from "./contract.ts";
import type { Outcome } from "./run-clause.ts";

export interface ClauseResult {
  readonly key: string;
  /** Its place in the contract, as `28.3.2`; `""` where it has none. */
  readonly number: string;
  /** The title of its section of the contract. */
  readonly section: string;
  readonly title: string;
  /** `"gap"`: failed, and was known to. */
  readonly status: "passed" | "failed" | "skipped" | "gap";
  /** What was found, or why it was skipped. */
  readonly detail?: string;
}

export interface Report {
  readonly adapter: string;
  /** Runs again what was random. */
  readonly seed: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Known gaps that are still open; counted neither as passed nor as failed. */
  readonly gaps: number;
  readonly clauses: readonly ClauseResult[];
}

export function createReport(adapter: string, seed: number, clauses: readonly ClauseResult[]): Report {
  const count = (status: ClauseResult["status"]) => clauses.filter((clause) => clause.status === status).length;
  return {
    adapter,
    seed,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    gaps: count("gap"),
    clauses,
  };
}

/** The outcome in the light of the known gaps: a gap must fail. */
export function toResult(
  section: Section,
  { number, clause: { key, title } }: NumberedClause,
  outcome: Outcome,
  isKnownGap: boolean,
): ClauseResult {
  const about = { key, number, section: section.title, title };
  switch (outcome.status) {
    case "passed":
      return isKnownGap
        ? { ...about, status: "failed", detail: "passes, but is listed in knownGaps: remove it there" }
        : { ...about, status: "passed" };
    case "skipped":
      return isKnownGap
        ? { ...about, status: "failed", detail: `is listed in knownGaps, but is skipped: ${outcome.reason}` }
        : { ...about, status: "skipped", detail: outcome.reason };
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

/** The report as a Markdown page: a summary, and a table of all that has not simply passed. */
export function toMarkdown(report: Report): string {
  const { adapter, passed, failed, skipped, gaps, seed, clauses } = report;
  const lines = [
    `# Conformance of ${adapter}`,
    "",
    `${passed} passed, ${failed} failed, ${skipped} skipped, ${gaps} known gaps (seed ${seed})`,
  ];
  const others = clauses.filter(({ status }) => status !== "passed");
  if (others.length > 0) lines.push("", "| clause | status | promise | detail |", "|---|---|---|---|");
  for (const { key, status, title, detail = "" } of others) {
    lines.push(`| ${[`\`${key}\``, status, title, detail].map(toCell).join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function toCell(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("\n", " ");
}
