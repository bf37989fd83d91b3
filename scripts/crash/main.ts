/**
 * Kills writers and checks what they had been promised:
 *
 *     npm run crash -- TARGET --rounds N [--seed S] [--json] [--break WHAT]
 *
 * TARGET is a file in targets/. A seed repeats what is written and when it is meant to be killed; the very moment is the machine's. With `--break` the writers do something
 * wrong, to prove that it is found, and the run ends with the first round that finds it. The figures come last; the exit code is 1 where they fall short.
 */
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { type Break, breaks } from "./assignment.ts";
import { describeComplaint, describeFigures, type Figures, noFigures, shortcoming } from "./figures.ts";
import { type Report, runSuite, type SuiteOptions } from "./suite.ts";
import { targetNames } from "./target.ts";

const progressInterval = 5000;
const mostComplaintsShown = 10;
/** Rounds with complaints; more of them would say nothing new. */
const mostSpoiledRounds = 10;

const { json, ...options } = await readArguments();
/** With `--json` stdout has the figures and nothing else. */
const say = json ? console.error : console.log;

const began = performance.now();
say(`killing writers on ${options.target}: ${options.rounds} rounds, seed ${options.seed}`);
const figures = await run(options);
const reason = shortcoming(figures);
const seconds = Math.round((performance.now() - began) / 1000);
const { killed, serversKilled, inEffect, withoutEffect } = figures;
say(`${killed} writers${serversKilled === 0 ? "" : ` and ${serversKilled} servers`} killed in ${seconds} s`);
say(`of the operations that were cut off, ${inEffect} are in effect and ${withoutEffect} are not`);
if (reason !== undefined) say(`FAILED: ${reason}`);
console.log(json ? JSON.stringify({ ...options, ...figures, passed: reason === undefined }) : describeFigures(figures));
process.exitCode = reason === undefined ? 0 : 1;

async function run(options: SuiteOptions): Promise<Figures> {
  let last: Figures = noFigures;
  let spoiled = 0;
  let saidAt = performance.now();
  for await (const report of runSuite(options)) {
    last = report.figures;
    if (report.complaints.length > 0) {
      sayComplaints(report);
      spoiled++;
      if (options.break !== undefined || spoiled === mostSpoiledRounds) break;
    }
    if (performance.now() - saidAt < progressInterval) continue;
    saidAt = performance.now();
    say(describeFigures(last));
  }
  return last;
}

function sayComplaints({ figures, complaints, kept }: Report): void {
  const where = kept === undefined ? "" : ` (what it left is kept in ${relative(process.cwd(), kept)})`;
  say(`round ${figures.rounds}${where}:`);
  for (const complaint of complaints.slice(0, mostComplaintsShown)) say(describeComplaint(complaint));
  if (complaints.length > mostComplaintsShown) say(`  and ${complaints.length - mostComplaintsShown} more`);
}

async function readArguments(): Promise<SuiteOptions & { json: boolean }> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "20" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      break: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [target] = positionals;
  const rounds = Number(values.rounds);
  const isBreak = (name: string | undefined): name is Break | undefined =>
    name === undefined || (breaks as readonly string[]).includes(name);
  const names = await targetNames();
  if (target === undefined || !names.includes(target) || !Number.isInteger(rounds) || !isBreak(values.break)) {
    console.error(
      `usage: npm run crash -- ${names.join("|")} --rounds N [--seed S] [--json] [--break ${breaks.join("|")}]`,
    );
    process.exit(2);
  }
  return { target, rounds, seed: values.seed, json: values.json, break: values.break };
}
