import { type CertifyOptions, randomSeed, unknownKeys } from "./certify.ts";
import { selectClauses } from "./contract.ts";
import type { Harness } from "./harness.ts";
import { toResult } from "./report.ts";
import { runClause, timeLimits } from "./run-clause.ts";
import { createSession } from "./session.ts";

/** A test runner: vitest, jest, mocha, `node:test` or any other with these functions. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  /** `body` gets what the runner passes to tests; where that has `skip(reason)`, clauses that do not apply are shown as skipped. */
  it(name: string, body: (...context: unknown[]) => Promise<void>, timeout?: number): void;
  /** Without it nothing is shared between the clauses, which takes longer. `after` in `node:test`. */
  afterAll?(body: () => Promise<void>): void;
}

/** Declares one test for each clause, in a suite for each chapter. */
export function testAdapter(
  harness: Harness,
  { describe, it, afterAll }: TestRunner,
  o: Omit<CertifyOptions, "onResult"> = {},
): void {
  const { only = "", seed = randomSeed(), budget = "quick" } = o;
  const session = createSession(harness, { seed, budget, ends: afterAll !== undefined });
  const gaps = new Set(harness.knownGaps);

  describe(`${harness.name} keeps the contract (seed ${seed})`, () => {
    afterAll?.(() => session.end());

    for (const key of unknownKeys(gaps)) {
      it(`${key} is listed in knownGaps`, async () => {
        throw new Error(`There is no clause ${key}: remove it from knownGaps.`);
      });
    }
    for (const { section, clauses } of selectClauses(only)) {
      describe(`${section.number} ${section.title}`, () => {
        for (const numbered of clauses) {
          const { clause } = numbered;
          it(
            `${clause.key} ${clause.title}`,
            // No named parameter: some runners take one for a callback to wait for.
            async (...[runner]) => {
              const outcome = await runClause(clause, session);
              const { status, detail } = toResult(section, numbered, outcome, gaps.has(clause.key));
              if (status === "skipped") skip(runner, detail);
              if (status !== "failed") return;
              throw outcome.status === "failed" ? outcome.error : new Error(`${clause.key} ${detail}`);
            },
            timeLimits[budget] * 2,
          );
        }
      });
    }
  });
}

function skip(runner: unknown, reason: string | undefined): void {
  const { skip } = (runner ?? {}) as { skip?: unknown };
  if (typeof skip === "function") skip.call(runner, reason);
}
