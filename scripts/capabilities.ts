// `npm run capabilities`: runs the conformance kit over the adapters of this repository, and writes what each can do and what it keeps of the contract
// into docs/capabilities.md. Takes many minutes, and a PostgreSQL, which it starts; exits 1, and writes nothing, where anything failed.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres } from "@cuitty/persist-servers";
import { type ClauseResult, certify, type Harness, type Report } from "@cuitty/persist-testkit";
import { liftHarness, memoryHarness, p2pHarness, sqliteHarness } from "../packages/persist-testkit/test/harnesses.ts";
import { postgresHarness } from "../packages/persist-testkit/test/postgres-harness.ts";
import { bucketOnDouble } from "../packages/persist-testkit/test/s3-buckets.ts";
import { type S3HarnessOptions, s3Harness } from "../packages/persist-testkit/test/s3-harness.ts";

export const capabilitiesFile: string = join(import.meta.dirname, "../docs/capabilities.md");

type EndingHarness = Harness & { end?(): void | Promise<void> };

const adapters: readonly (readonly [title: string, harness: () => EndingHarness | Promise<EndingHarness>])[] = [
  ["memory", memoryHarness],
  ["SQLite", sqliteHarness],
  [
    "Postgres",
    async () => {
      const server = await startPostgres();
      return { ...postgresHarness(server.url), end: server.stop };
    },
  ],
  ["S3", () => onS3({ feed: true })],
  ["S3 without a feed", () => onS3({ feed: false })],
  ["p2p", p2pHarness],
  ["four methods", () => liftHarness("generator")],
];

async function onS3(o: S3HarnessOptions): Promise<EndingHarness> {
  const { bucket, end } = await bucketOnDouble();
  return { ...s3Harness(bucket, o), end };
}

const introduction = `# Capabilities

What each backend can do, as \`store.capabilities\` says at run time; \`createStore({ require })\` refuses to start with less. All else is [the same everywhere](semantics.md). What is
\`absent\` is refused with UNSUPPORTED before any I/O.

The kit runs SQLite and one peer with \`durability: "relaxed"\` and Postgres with \`fsync = off\`, which is why their rows say \`memory\`; with their defaults an acknowledged write survives a power cut, and they say \`disk\`.
Postgres with synchronous standbys says \`replicated\`. S3 is the double of the testkit as AWS answers, made with \`feed: true\` and without; what another server enforces may be less, and is told when a store is opened
([Persist on S3](s3.md)). What is \`local\` holds on one peer ([Persist among peers](p2p.md#what-holds-on-this-peer-only)).

This page is made from runs of [the conformance kit](../packages/persist-testkit/README.md) by \`npm run capabilities\`.
`;

/** Runs the kit, or the part `only` of it, over each adapter. */
export async function reportsOf(only: string): Promise<Report[]> {
  const reports: Report[] = [];
  for (const [title, create] of adapters) {
    const harness = await create();
    reports.push({ ...(await certify(harness, { only, seed: 1 })), adapter: title });
    await harness.end?.();
  }
  return reports;
}

const row = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |`;
const head = (reports: readonly Report[]) => [
  row(["", ...reports.map(({ adapter }) => adapter)]),
  row(["---", ...reports.map(() => "---")]),
];

/** What the adapters say of themselves. */
export function capabilityTable(reports: readonly Report[]): string {
  const columns = reports.map(({ capabilities }) => {
    if (capabilities === undefined) throw new Error("an adapter could not be opened");
    const { limits, ...features } = capabilities;
    return { ...features, ...limits };
  });
  const names = Object.keys(columns[0] ?? {}) as (keyof (typeof columns)[number])[];
  const cell = (value: unknown) => (value === Number.MAX_SAFE_INTEGER ? "any" : value);
  return [
    ...head(reports),
    ...names.map((name) => row([`\`${name}\``, ...columns.map((one) => cell(one[name]))])),
  ].join("\n");
}

/** Per section what is kept; what does not apply stands below with its reason. */
function conformanceTable(reports: readonly Report[]): string {
  const notes: string[] = [];
  const noteOf = (reason: string) => {
    if (!notes.includes(reason)) notes.push(reason);
    return notes.indexOf(reason) + 1;
  };
  const cellOf = (clauses: readonly ClauseResult[]) => {
    const reasons = new Set(
      clauses.flatMap(({ status, detail = "" }) =>
        status === "absent" || status === "skipped" ? [noteOf(detail)] : [],
      ),
    );
    return reasons.size === 0 ? "all" : `all that apply (${[...reasons].join(", ")})`;
  };
  const sections = [...new Set(reports.flatMap(({ clauses }) => clauses.map(({ section }) => section)))];
  const rows = sections.map((section) =>
    row([section, ...reports.map(({ clauses }) => cellOf(clauses.filter((clause) => clause.section === section)))]),
  );
  return [
    ...head(reports),
    ...rows,
    "",
    "What does not apply, and why:",
    "",
    ...notes.map((note, i) => `${i + 1}. ${note}`),
  ].join("\n");
}

/** docs/capabilities.md */
export function capabilitiesPage(reports: readonly Report[]): string {
  const heading =
    "## What is kept of the contract\n\nBy section of [the contract](../packages/persist-testkit/CONTRACT.md).";
  return [introduction, capabilityTable(reports), "", heading, "", conformanceTable(reports), ""].join("\n");
}

if (import.meta.main) {
  const reports = await reportsOf("");
  for (const { adapter, passed, failed, absent, skipped } of reports) {
    console.log(`${adapter}: ${passed} passed, ${failed} failed, ${skipped} skipped, ${absent} absent`);
  }
  if (reports.some(({ failed }) => failed > 0)) process.exit(1);
  await writeFile(capabilitiesFile, capabilitiesPage(reports));
}
