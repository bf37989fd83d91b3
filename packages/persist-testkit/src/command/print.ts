/** What the command tells on the terminal. */
import { type ClauseResult, conformityOf, type Report, sectionsOf } from "../report.ts";

export interface Progress {
  /** Takes the next result. */
  add(result: ClauseResult): void;
  /** The last section is over. */
  end(): void;
}

/** A line for each section once it is over; on a terminal a running count before that. */
export function printProgress(output: NodeJS.WriteStream): Progress {
  let section: string | undefined;
  let results: ClauseResult[] = [];

  const end = () => {
    if (output.isTTY) output.write("\r\u001b[K");
    if (section !== undefined) output.write(`${lineOf(section, results)}\n`);
    results = [];
  };
  return {
    add(result) {
      if (result.section !== section) {
        end();
        section = result.section;
      }
      results.push(result);
      if (output.isTTY) output.write(`\r${lineOf(result.section, results)}`);
    },
    end,
  };
}

function lineOf(section: string, results: readonly ClauseResult[]): string {
  const [counts] = sectionsOf({ clauses: results });
  const { passed = 0, failed = 0, absent = 0, skipped = 0, gaps = 0 } = counts ?? {};
  const more = [
    [failed, "FAILED"],
    [absent, "absent"],
    [skipped, "skipped"],
    [gaps, gaps === 1 ? "known gap" : "known gaps"],
  ] as const;
  const rest = more.flatMap(([count, what]) => (count === 0 ? [] : `, ${count} ${what}`));
  return `${section.padEnd(36)} ${String(passed).padStart(5)} passed${rest.join("")}`;
}

/** What is absent or was skipped and why, the gaps, what failed and how to run it alone; the figures last. */
export function summaryOf(report: Report, file: string): string {
  const { adapter, clauses, seed, budget } = report;
  const of = (status: ClauseResult["status"]) => clauses.filter((clause) => clause.status === status);
  const alone = (key: string) =>
    `npx @cuitty/persist-testkit ${file} --only ${key} --seed ${seed}${budget === "quick" ? "" : ` --budget ${budget}`}`;
  const byReason = (status: "absent" | "skipped") =>
    [...Map.groupBy(of(status), ({ detail = "" }) => detail)].flatMap(([reason, found]) => [
      `\n${status}: ${reason}`,
      ...found.map(({ number, key }) => `  ${number} ${key}`),
    ]);
  const verdict = {
    conforms: `${adapter} keeps the contract.`,
    partial: `${adapter} keeps this part of the contract.`,
    gaps: `${adapter} fails in its known gaps only.`,
    fails: `${adapter} does not keep the contract.`,
  }[conformityOf(report)];
  return [
    ...byReason("absent"),
    ...byReason("skipped"),
    ...of("gap").flatMap(({ number, key, title }) => [`\nknown gap ${number} ${key}`, indent(title)]),
    ...of("failed").flatMap(({ number, key, title, detail = "" }) => [
      `\nFAILED ${number} ${key}`,
      indent(title),
      indent(detail),
      indent(`alone: ${alone(key)}`),
    ]),
    `\n${verdict} ${clauses.length} clauses, seed ${seed}${report.gaps === 0 ? "" : `, ${report.gaps} known gaps`}`,
    `${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`,
  ].join("\n");
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
