import { selectClauses } from "./contract.ts";
import type { Budget, Harness } from "./harness.ts";
import { type ClauseResult, createReport, type Report, toResult, unknownGap } from "./report.ts";
import { runClause } from "./run-clause.ts";
import { createSession } from "./session.ts";

export interface CertifyOptions {
  /** Only the clauses whose keys start with this (`"K-list"`), or that stand under this number of the contract (`"28"`, `"28.3"`). Default: all. */
  only?: string;
  /** Of all that is random. Default: another one each time; the report names it. */
  seed?: number;
  /** How many random sequences the model-based clauses run. Default `"quick"`. */
  budget?: Budget;
  /** Called after each clause. */
  onResult?: (result: ClauseResult) => void;
}

/** Runs the whole kit without a test runner, one clause after the other. */
export async function certify(harness: Harness, o: CertifyOptions = {}): Promise<Report> {
  const { only = "", seed = randomSeed(), budget = "quick", onResult } = o;
  const session = createSession(harness, { seed, budget, ends: true });
  const gaps = new Set(harness.knownGaps);
  const results: ClauseResult[] = [];
  const report = (result: ClauseResult) => {
    results.push(result);
    onResult?.(result);
  };

  for (const key of unknownKeys(gaps)) report(unknownGap(key));
  try {
    for (const { section, clauses } of selectClauses(only)) {
      for (const numbered of clauses) {
        const { clause } = numbered;
        report(toResult(section, numbered, await runClause(clause, session), gaps.has(clause.key)));
      }
    }
  } finally {
    await session.end();
  }
  return createReport(harness.name, seed, results);
}

export function unknownKeys(keys: Iterable<string>): string[] {
  const known = new Set(selectClauses("").flatMap(({ clauses }) => clauses.map(({ clause }) => clause.key)));
  return [...keys].filter((key) => !known.has(key));
}

export function randomSeed(): number {
  return (crypto.getRandomValues(new Int32Array(1))[0] as number) | 0;
}
