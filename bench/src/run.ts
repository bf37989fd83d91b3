/** Runs one suite and reports. Started by main.ts. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Figure } from "./figure.ts";
import { describeMachine } from "./machine.ts";
import type { Suite } from "./suite.ts";
import { toTable } from "./table.ts";

/** Loaded one at a time: each brings what it measures. */
const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  sqlite: async () => (await import("./suites/sqlite.ts")).sqlite,
  queries: async () => (await import("./suites/queries.ts")).queries,
  growth: async () => (await import("./suites/growth.ts")).growth,
  events: async () => (await import("./suites/events.ts")).events,
  postgres: async () => (await import("./suites/postgres.ts")).postgres,
  "postgres-growth": async () => (await import("./suites/postgres-growth.ts")).postgresGrowth,
  "postgres-append": async () => (await import("./suites/postgres-append.ts")).postgresAppend,
  p2p: async () => (await import("./suites/p2p.ts")).p2p,
  s3: async () => (await import("./suites/s3.ts")).s3,
  memory: async () => (await import("./suites/memory.ts")).memory,
};

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
  },
});
const [name = ""] = positionals;
const load = Object.hasOwn(suites, name) && positionals.length === 1 ? suites[name] : undefined;
if (load === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(suites).join(" | ")} [--json] [--quick] [--save]`);
  process.exit(2);
}

const bench = join(import.meta.dirname, "..");
const scratch = join(bench, "..", ".cache", "bench");
await mkdir(scratch, { recursive: true });
const folder = await mkdtemp(join(scratch, `${name}-`));
try {
  const suite = await load();
  const started = performance.now();
  const figures = await suite.run({
    quick: options.quick,
    folder,
    progress: (line) => console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`),
  });
  const judged = figures.filter(({ bar }) => bar !== undefined);
  const missed = judged.filter(({ met }) => !met);
  const report = {
    suite: name,
    title: suite.title,
    machine: describeMachine(),
    rounds: options.quick ? "quick" : "full",
    notes: suite.notes,
    figures: figures.map(rounded),
    bars: judged.length,
    missed: missed.length,
  };
  if (options.save) {
    const results = join(bench, "results");
    await mkdir(results, { recursive: true });
    await writeFile(join(results, `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  }
  const verdict = `${name}: ${judged.length - missed.length} of ${judged.length} bars met`;
  if (options.json) console.log(JSON.stringify(report));
  else {
    console.log(`${suite.title}\n${report.machine}\n`);
    for (const note of suite.notes) console.log(`- ${note}`);
    console.log(`\n${toTable(figures)}\n`);
    for (const { what, against } of missed) console.log(`missed: ${what}${against && ` against ${against}`}`);
    console.log(verdict);
  }
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** To four digits: more would be noise. */
function rounded(figure: Figure): Figure {
  const [median, min, max] = [figure.median, figure.min, figure.max].map((value) => Number(value.toPrecision(4)));
  return { ...figure, median, min, max } as Figure;
}
