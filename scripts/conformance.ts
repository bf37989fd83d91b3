// `npm run conformance -- ADAPTER [--json] [--markdown] [--only K-…] [--seed N] [--budget quick|full|soak]`: runs the conformance kit. Prints each clause that failed
// or was skipped, and the figure last; exits 1 where anything failed. With --json it prints the report instead, with --markdown a page.
import { parseArgs } from "node:util";
import { type Budget, certify, type Harness, toMarkdown } from "@cuitty/persist-testkit";
import {
  distantHarness,
  liftHarness,
  memoryHarness,
  sqliteHarness,
} from "../packages/persist-testkit/test/harnesses.ts";

const harnesses: Readonly<Record<string, () => Harness & { end?(): void }>> = {
  memory: memoryHarness,
  "memory-distant": distantHarness,
  sqlite: sqliteHarness,
  lift: () => liftHarness("generator"),
  "lift-promise": () => liftHarness("promise"),
  "lift-ordered": () => liftHarness("ordered and batch"),
};
const budgets: readonly Budget[] = ["quick", "full", "soak"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    seed: { type: "string" },
    budget: { type: "string", default: "quick" },
  },
});
const create = harnesses[positionals[0] ?? ""];
const budget = budgets.find((one) => one === values.budget);
const seed = values.seed === undefined ? undefined : Number(values.seed);
if (create === undefined || budget === undefined || (seed !== undefined && !Number.isSafeInteger(seed))) {
  const names = Object.keys(harnesses).join(" | ");
  console.error(
    `usage: npm run conformance -- ${names} [--json] [--markdown] [--only K-…] [--seed N] [--budget ${budgets.join(" | ")}]`,
  );
  process.exit(2);
}

const isPlain = !values.json && !values.markdown;
const harness = create();
const report = await certify(harness, {
  only: values.only,
  budget,
  ...(seed === undefined ? {} : { seed }),
  onResult({ key, title, status, detail }) {
    if (isPlain && status !== "passed")
      console.log(`${status.padEnd(7)} ${key}: ${title}\n        ${detail?.replaceAll("\n", "\n        ")}`);
  },
});
harness.end?.();

const { passed, failed, skipped, gaps } = report;
if (values.json) console.log(JSON.stringify(report, undefined, 2));
else if (values.markdown) console.log(toMarkdown(report));
else {
  console.log(
    `${report.adapter}: ${report.clauses.length} clauses, seed ${report.seed}${gaps === 0 ? "" : `, ${gaps} known gaps`}`,
  );
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
}
// A key that names nothing proves nothing.
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
