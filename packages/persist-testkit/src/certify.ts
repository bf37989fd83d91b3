import type { Clause } from "./clause.ts";
import { chapters } from "./contents.ts";
import type { Budget, Harness } from "./harness.ts";
import { type ClauseResult, createReport, type Report, toResult, unknownGap } from "./report.ts";
import { runClause } from "./run-clause.ts";
import { createSession } from "./session.ts";

export interface CertifyOptions {
  /** Only the clauses whose keys start with this. */
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
    for (const clause of clausesOf(only)) {
      report(toResult(clause, await runClause(clause, session), gaps.has(clause.key)));
    }
  } finally {
    await session.end();
  }
  return createReport(harness.name, seed, results);
}

function clausesOf(only: string): Clause[] {
  return chapters.flatMap(({ clauses }) => clauses.filter(({ key }) => key.startsWith(only)));
}

export function unknownKeys(keys: Iterable<string>): string[] {
  const known = new Set(clausesOf("").map(({ key }) => key));
  return [...keys].filter((key) => !known.has(key));
}

export function randomSeed(): number {
  return (crypto.getRandomValues(new Int32Array(1))[0] as number) | 0;
}
