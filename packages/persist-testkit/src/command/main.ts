#!/usr/bin/env node
/** `npx @cuitty/persist-testkit ./my-adapter.ts`: the kit without any test file. */
import { inspect } from "node:util";
import { certify } from "../certify.ts";
import { conformityOf } from "../report.ts";
import { readArguments, usage } from "./arguments.ts";
import { loadHarness } from "./load-harness.ts";
import { printProgress, summaryOf } from "./print.ts";
import { writeReport } from "./write-report.ts";

/** Answers the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  if (asked === "help") {
    console.log(usage);
    return 0;
  }
  const { file, only, seed, budget, out } = asked;
  const harness = await loadHarness(file);
  const progress = printProgress(process.stdout);
  const report = await certify(harness, {
    only,
    budget,
    ...(seed === undefined ? {} : { seed }),
    onResult: progress.add,
  });
  progress.end();
  if (out !== undefined) console.log(`\nwritten: ${(await writeReport(report, out)).join(", ")}`);
  console.log(summaryOf(report, file));
  return conformityOf(report) === "fails" ? 1 : 0;
}

async function main(): Promise<number> {
  try {
    return await run(process.argv.slice(2));
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    console.error(cause === undefined ? message : `${message}\n${inspect(cause)}`);
    return 2;
  }
}

const code = await main();
// Also where an adapter that failed has left something open.
process.stdout.write("", () => process.exit(code));
