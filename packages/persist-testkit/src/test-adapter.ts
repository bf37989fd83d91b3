import { type CertifyOptions, checkOptions, unknownKeys } from "./certify.ts";
import { selectClauses } from "./contract.ts";
import type { Harness } from "./harness.ts";
import { toResult } from "./report.ts";
import { runClause, timeLimits } from "./run-clause.ts";
import { createSession } from "./session.ts";

/** A test runner: vitest, jest, mocha, `node:test` or any other with these functions. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  /** `body` gets what the runner passes to tests; where that has `skip(reason)`, clauses that do not apply are shown as skipped. */
  it(name: string, body: (...context: unknown[]) => Promise<void>, timeout?: number): unknown;
  /** Called once at the end. Without it nothing is shared between the clauses, which takes longer. */
  afterAll?(body: () => Promise<void>): unknown;
  /** The same, as `node:test` and mocha name it. */
  after?(body: () => Promise<void>): unknown;
}

/** Declares one test for each clause, in a suite for each chapter. */
export function testAdapter(harness: Harness, runner: TestRunner, o: Omit<CertifyOptions, "onResult"> = {}): void {
  const { only, seed, budget } = checkOptions("testAdapter", o);
  const { describe, it } = runner;
  const atEnd = runner.afterAll ?? runner.after;
  const session = createSession(harness, { seed, budget, ends: atEnd !== undefined });
  const gaps = new Set(harness.knownGaps);

  describe(`${harness.name} keeps the contract (seed ${seed})`, () => {
    atEnd?.(() => session.end());

    for (const key of unknownKeys(gaps)) {
      it(`${key} is listed in knownGaps`, async () => {
        throw new Error(`There is no clause ${key}: remove it from knownGaps.`);
      });
    }
    for (const { section, clauses } of selectClauses(only)) {
      describe(section.heading, () => {
        for (const numbered of clauses) {
          const { clause } = numbered;
          it(
            `${clause.key} ${clause.title}`,
            // No named parameter: some runners take one for a callback to wait for.
            async (...[context]) => {
              const outcome = await runClause(clause, session);
              const { status, detail } = toResult(section, numbered, outcome, gaps.has(clause.key));
              if (status === "absent" || status === "skipped") skip(context, detail);
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

function skip(context: unknown, reason: string | undefined): void {
  const { skip } = (context ?? {}) as { skip?: unknown };
  if (typeof skip === "function") skip.call(context, reason);
}
