// `npm run conformance -- ADAPTER [--json] [--markdown] [--only K-…] [--seed N] [--budget quick|full|soak]`: runs the conformance kit. Prints each clause that failed
// was skipped or is about what the adapter does not have, and the figure last; exits 1 where anything failed, and 2 where it was not told right what to run. With --json it prints the report instead, with
// --markdown a page.
import { parseArgs } from "node:util";
import { PersistError } from "@cuitty/persist-core";
import { startPgBouncer, startPostgres } from "@cuitty/persist-servers";
import { type Budget, certify, type Harness, toMarkdown } from "@cuitty/persist-testkit";
import {
  distantHarness,
  feedlessHarness,
  liftHarness,
  memoryHarness,
  p2pHarness,
  sqliteHarness,
} from "../packages/persist-testkit/test/harnesses.ts";
import { p2pThreeHarness } from "../packages/persist-testkit/test/p2p-harness.ts";
import { postgresHarness } from "../packages/persist-testkit/test/postgres-harness.ts";

import {
  bucketOnCeph,
  bucketOnDouble,
  givenBucket,
  type RunBucket,
} from "../packages/persist-testkit/test/s3-buckets.ts";
import { type S3HarnessOptions, s3Harness } from "../packages/persist-testkit/test/s3-harness.ts";

type EndingHarness = Harness & { end?(): void | Promise<void> };

const harnesses: Readonly<Record<string, () => EndingHarness | Promise<EndingHarness>>> = {
  memory: memoryHarness,
  "memory-distant": distantHarness,
  "memory-feedless": feedlessHarness,
  sqlite: sqliteHarness,
  p2p: p2pHarness,
  "p2p-three": () => p2pThreeHarness(),
  "p2p-followed": () => p2pThreeHarness({ followers: 1 }),
  async postgres() {
    const server = await startPostgres();
    return { ...postgresHarness(server.url), end: server.stop };
  },
  async "postgres-15"() {
    const server = await startPostgres({ version: 15 });
    return { ...postgresHarness(server.url, { name: "postgres-15" }), end: server.stop };
  },
  async "postgres-bouncer"() {
    const server = await startPostgres();
    const bouncer = await startPgBouncer({ upstream: server, poolMode: "transaction" });
    const end = async () => {
      await bouncer.stop();
      await server.stop();
    };
    return { ...postgresHarness(bouncer.url, { name: "postgres-bouncer", prepare: false }), end };
  },
  s3: () => onBucket(bucketOnDouble(), { feed: true }),
  "s3-plain": () => onBucket(bucketOnDouble(), { name: "s3-plain", feed: false }),
  "s3-double-ceph16": () => onBucket(bucketOnDouble("ceph16"), { name: "s3-double-ceph16", feed: true }),
  "s3-ceph": () => onBucket(bucketOnCeph(), { name: "s3-ceph", feed: true }),
  "s3-given": () => onBucket(givenBucket(), { name: "s3-given", feed: true }),
  lift: () => liftHarness("generator"),
  "lift-promise": () => liftHarness("promise"),
  "lift-ordered": () => liftHarness("ordered and batch"),
};

async function onBucket(starting: Promise<RunBucket>, o: S3HarnessOptions): Promise<EndingHarness> {
  const { bucket, end } = await starting;
  return { ...s3Harness(bucket, o), end };
}

const budgets: readonly Budget[] = ["quick", "full", "soak"];

const names = Object.keys(harnesses).join(" | ");
const usage = `usage: npm run conformance -- ${names} [--json] [--markdown] [--only K-…] [--seed N] [--budget ${budgets.join(" | ")}]`;

const { values, positionals } = parse();
const create = harnesses[positionals[0] ?? ""];
const budget = budgets.find((one) => one === values.budget);
const seed = values.seed === undefined ? undefined : Number(values.seed);
if (create === undefined || budget === undefined || (seed !== undefined && !Number.isSafeInteger(seed))) refuse(usage);

const isPlain = !values.json && !values.markdown;
const harness = await create();
const report = await certify(harness, {
  only: values.only,
  budget,
  ...(seed === undefined ? {} : { seed }),
  onResult({ key, title, status, detail }) {
    if (isPlain && status !== "passed")
      console.log(`${status.padEnd(7)} ${key}: ${title}\n        ${detail?.replaceAll("\n", "\n        ")}`);
  },
}).catch(async (error: unknown) => {
  await harness.end?.();
  if (!PersistError.is(error, "INVALID_ARGUMENT")) throw error;
  return refuse(error.message.replace("certify: ", "--"));
});
await harness.end?.();

const { passed, failed, absent, skipped, gaps } = report;
if (values.json) console.log(JSON.stringify(report, undefined, 2));
else if (values.markdown) console.log(toMarkdown(report));
else {
  console.log(
    `${report.adapter}: ${report.clauses.length} clauses, seed ${report.seed}, ${absent} about what it does not have${gaps === 0 ? "" : `, ${gaps} known gaps`}`,
  );
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
}
// A key that names nothing proves nothing.
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        markdown: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        seed: { type: "string" },
        budget: { type: "string", default: "quick" },
      },
    });
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
