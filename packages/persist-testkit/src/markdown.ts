import { type ClauseResult, conformityOf, type Report, sectionsOf } from "./report.ts";

/** The report as a Markdown page: sections by what came of their clauses, the adapter's capabilities, and a table of all that has not simply passed. */
export function toMarkdown(report: Report): string {
  const { adapter, passed, failed, absent, skipped, gaps, seed, budget, only } = report;
  const verdict = {
    conforms: `${adapter} keeps the contract of Persist.`,
    partial: `${adapter} keeps this part of the contract of Persist: only ${only}.`,
    gaps: `${adapter} does not keep all of the contract of Persist yet.`,
    fails: `${adapter} does not keep the contract of Persist.`,
  }[conformityOf(report)];
  return [
    `# Conformance of ${adapter}`,
    "",
    verdict,
    "",
    `${passed} passed, ${failed} failed, ${absent} absent, ${skipped} skipped, ${gaps} known gaps (seed ${seed}, budget ${budget}).`,
    ...matrix(report),
    ...capabilities(report),
    ...others(report),
    "",
  ].join("\n");
}

function matrix(report: Report): string[] {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  const { passed, failed, absent, skipped, gaps } = report;
  return [
    "",
    "| section | passed | failed | absent | skipped | gap |",
    "|---|---|---|---|---|---|",
    ...sectionsOf(report).map((s) => row([toCell(s.section), s.passed, s.failed, s.absent, s.skipped, s.gaps])),
    row(["all", passed, failed, absent, skipped, gaps]),
  ];
}

function capabilities({ capabilities }: Report): string[] {
  if (capabilities === undefined) return [];
  const { limits, ...features } = capabilities;
  const rows = [...Object.entries(features), ...Object.entries(limits)].map(
    ([name, value]) => `| ${name} | ${value} |`,
  );
  return ["", "## Capabilities", "", "| | |", "|---|---|", ...rows];
}

function others({ clauses }: Report): string[] {
  const found = clauses.filter(({ status }) => status !== "passed");
  if (found.length === 0) return [];
  const row = ({ number, key, status, title, detail = "" }: ClauseResult) =>
    `| ${[number, `\`${key}\``, status, title, detail].map(toCell).join(" | ")} |`;
  return [
    "",
    "## What has not passed",
    "",
    "| number | clause | status | promise | detail |",
    "|---|---|---|---|---|",
    ...found.map(row),
  ];
}

function toCell(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("\n", " ");
}
