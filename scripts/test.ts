// The whole check, as `npm test` and CI run it: the static checks (through turbo, which remembers what has not changed),
// then every test. The last line printed is `N passed, N failed, N skipped`; the exit code is 0 only if nothing failed.
//
// With arguments (`npm test -- packages/persist-core -t "ttl"`) they go to vitest, and of the checks only the build is run.
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, "..");
const filters = process.argv.slice(2);

console.log(`node ${process.version}`);
const failedChecks = await runChecks(filters.length === 0);
const tests = await runTests(filters);

// A failed check counts as a failed test: a red run never ends in "0 failed".
const failed = tests.failed + failedChecks;
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1;
console.log(`${tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);

/** Builds, runs the static checks where `all` are wanted, and prints one line for each. Answers how many failed. */
async function runChecks(all: boolean): Promise<number> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const checks = Object.keys(manifest.scripts).filter((name) => all && name.startsWith("check:"));
  const summaries = join(root, ".turbo", "runs");
  await rm(summaries, { recursive: true, force: true });

  section("checks");
  const code = await run("turbo", [
    ...["run", "build", ...checks],
    ...[
      "--summarize",
      "--continue=dependencies-successful",
      "--output-logs=errors-only",
      "--log-order=grouped",
      "--concurrency=2",
    ],
  ]);
  const tasks = (await readSummary(summaries))?.tasks ?? [];
  let failures = 0;
  for (const { taskId, cache, execution } of tasks) {
    if (execution.exitCode !== 0) failures += 1;
    const state = execution.exitCode === 0 ? "ok" : "FAILED";
    const seconds = (execution.endTime - execution.startTime) / 1000;
    console.log(`${state.padEnd(7)} ${taskId} (${cache.status === "HIT" ? "unchanged" : `${seconds.toFixed(1)} s`})`);
  }
  // turbo does not mention what it left out because something before it failed.
  for (const check of checks.filter((name) => !tasks.some(({ taskId }) => taskId === `//#${name}`))) {
    failures += 1;
    console.log(`not run //#${check}`);
  }
  return code === 0 ? failures : Math.max(1, failures);
}

interface TurboSummary {
  tasks: {
    taskId: string;
    cache: { status: "HIT" | "MISS" };
    execution: { startTime: number; endTime: number; exitCode: number };
  }[];
}

async function readSummary(folder: string): Promise<TurboSummary | undefined> {
  const [file] = await readdir(folder).catch(() => []);
  return file === undefined ? undefined : (JSON.parse(await readFile(join(folder, file), "utf8")) as TurboSummary);
}

/**
 * Runs vitest; what failed is run once more by itself, since tests of real servers and processes may find no processor in time beside all others. It is told which tests passed only then: each of them wants
 * to be looked at.
 */
async function runTests(args: readonly string[]): Promise<Tally> {
  section("tests");
  const first = await runVitest(args);
  const files = first.failures.map(({ file }) => file);
  if (args.length > 0 || files.length === 0) return first.tally;

  section(`${files.length} files with failures once more, one at a time`);
  const second = await runVitest([...files, "--maxWorkers=1"]);
  if (second.tally.failed > 0) return { ...first.tally, failed: second.tally.failed };
  section("passed only when run again");
  for (const { file, tests } of first.failures) {
    console.log(relative(root, file));
    for (const test of tests) console.log(`  ${test}`);
  }
  return { ...first.tally, passed: first.tally.passed + first.tally.failed, failed: 0 };
}

interface Run {
  readonly tally: Tally;
  readonly failures: readonly { readonly file: string; readonly tests: readonly string[] }[];
}

/** Reads the counts from its JSON report. A run that leaves no report is a failure. */
async function runVitest(args: readonly string[]): Promise<Run> {
  const report = join(root, ".cache", "vitest.json");
  await mkdir(join(root, ".cache"), { recursive: true });
  await rm(report, { force: true });
  const code = await run("vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...args,
  ]);
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text === undefined) return { tally: { passed: 0, failed: 1, skipped: 0 }, failures: [] };
  const counts = JSON.parse(text) as VitestReport;
  const tally: Tally = {
    passed: counts.numPassedTests,
    // A file that cannot be loaded, or an unhandled rejection, fails the run without failing a test.
    failed: code === 0 ? counts.numFailedTests : Math.max(1, counts.numFailedTests),
    skipped: counts.numPendingTests + counts.numTodoTests,
  };
  const failures = counts.testResults
    .filter(({ status }) => status === "failed")
    .map(({ name, assertionResults }) => ({
      file: name,
      tests: assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
    }));
  return { tally, failures };
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; assertionResults: { fullName: string; status: string }[] }[];
}

function section(title: string): void {
  console.log(`\n== ${title}`);
}

function run(file: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
