import { type Capabilities, checkOptionNames, PersistError } from "@cuitty/persist-core";
import { clause } from "./clause.ts";
import { selectClauses } from "./contract.ts";
import type { Budget, Harness } from "./harness.ts";
import { type ClauseResult, createReport, type Report, toResult, unknownGap } from "./report.ts";
import { runClause, timeLimits } from "./run-clause.ts";
import { createSession, type Session } from "./session.ts";

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

/** Runs the whole kit without a test runner, one clause after the other. Throws where the options are not right; whatever the adapter does is in the report. */
export async function certify(harness: Harness, o: CertifyOptions = {}): Promise<Report> {
  const { onResult } = o;
  const { only, seed, budget } = checkOptions("certify", o);
  const session = createSession(harness, { seed, budget, ends: true });
  const gaps = new Set(harness.knownGaps);
  const results: ClauseResult[] = [];
  const report = (result: ClauseResult) => {
    results.push(result);
    onResult?.(result);
  };

  for (const key of unknownKeys(gaps)) report(unknownGap(key));
  try {
    const capabilities = await capabilitiesOf(session);
    for (const { section, clauses } of selectClauses(only)) {
      for (const numbered of clauses) {
        const { clause } = numbered;
        report(toResult(section, numbered, await runClause(clause, session), gaps.has(clause.key)));
      }
    }
    const about = { adapter: harness.name, seed, budget, only };
    return createReport(capabilities === undefined ? about : { ...about, capabilities }, results);
  } finally {
    await session.end();
  }
}

/** `undefined` where no store can be opened: the clauses tell why. */
async function capabilitiesOf(session: Session): Promise<Capabilities | undefined> {
  let found: Capabilities | undefined;
  const look = clause("K-look", "A store can be opened", async (t) => {
    found = (await t.store()).capabilities;
  });
  await runClause(look, session);
  return found;
}

/** The options with their defaults. Throws INVALID_ARGUMENT. */
export function checkOptions(what: string, o: CertifyOptions): Required<Omit<CertifyOptions, "onResult">> {
  checkOptionNames(what, o, ["only", "seed", "budget", "onResult"]);
  const { only = "", seed = randomSeed(), budget = "quick" } = o;
  const refuse = (message: string) => {
    throw new PersistError("INVALID_ARGUMENT", `${what}: ${message}`);
  };
  if (typeof only !== "string" || selectClauses(only).length === 0) {
    refuse(
      `only: no clause has a key that starts with, or a number that is, ${String(only)} (CONTRACT.md has them all).`,
    );
  }
  if (!Number.isSafeInteger(seed)) refuse(`seed is an integer, not ${String(seed)}.`);
  if (!Object.hasOwn(timeLimits, budget))
    refuse(`budget is one of ${Object.keys(timeLimits).join(", ")}, not ${String(budget)}.`);
  return { only, seed, budget };
}

export function unknownKeys(keys: Iterable<string>): string[] {
  const known = new Set(selectClauses("").flatMap(({ clauses }) => clauses.map(({ clause }) => clause.key)));
  return [...keys].filter((key) => !known.has(key));
}

function randomSeed(): number {
  return (crypto.getRandomValues(new Int32Array(1))[0] as number) | 0;
}
