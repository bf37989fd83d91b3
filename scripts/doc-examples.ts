// Every ```ts fence of the documentation compiles, and those marked ```ts run also run, each in a folder of its own.
// Those marked ```ts run postgres find the URL of a database in DATABASE_URL, which they share with the ```sql run fences
// of their page, in the order of the page. Those marked ```ts run s3 find a bucket of their page in S3_BUCKET, its server in
// S3_ENDPOINT, and the rest where the AWS SDK looks for it.
// An example keeps its lines: it is written below as many empty lines as stand above it in its page, so that compiler
// messages and stack traces name the line of the page.
import { spawn } from "node:child_process";
import { glob, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { findPostgres, mayBeMissing, query } from "@cuitty/persist-servers";
import { createDocBuckets } from "./doc-buckets.ts";
import { createDocDatabases } from "./doc-databases.ts";

export interface Example {
  /** The page it stands in, from the root. */
  page: string;
  /** The line of its fence. */
  line: number;
  language: "ts" | "sql";
  runs: boolean;
  /** What of the page it runs with. */
  needs: "database" | "bucket" | undefined;
  code: string;
}

const pages = ["README.md", "docs/**/*.md", "packages/*/README.md", ".changeset/*.md"];
const timeoutMs = 60_000;

export function examplesIn(page: string, markdown: string): Example[] {
  const examples: Example[] = [];
  let open: { example: Example | undefined; fence: string; indent: number; lines: string[] } | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    const [, indent = "", fence = "", info = ""] = /^( *)(`{3,}|~{3,})\s*(.*)$/.exec(text) ?? [];
    if (open !== undefined) {
      if (fence.startsWith(open.fence) && info === "") {
        if (open.example !== undefined) examples.push({ ...open.example, code: open.lines.join("\n") });
        open = undefined;
      } else open.lines.push(text.slice(Math.min(open.indent, text.length - text.trimStart().length)));
    } else if (fence !== "") {
      open = { example: exampleOf(page, index + 1, info), fence, indent: indent.length, lines: [] };
    }
  }
  if (open !== undefined) throw new Error(`${page}: a fence is not closed`);
  return examples;
}

/** The example that such a fence begins, still without its code; `undefined` where it begins another text. */
function exampleOf(page: string, line: number, info: string): Example | undefined {
  const [name = "", ...words] = info.split(/\s+/);
  const language = { ts: "ts", typescript: "ts", sql: "sql" }[name] as Example["language"] | undefined;
  const runs = words.includes("run");
  if (language === undefined) return undefined;
  return {
    page,
    line,
    language,
    runs,
    needs: runs ? neededBy(language, words) : undefined,
    code: "",
  };
}

function neededBy(language: Example["language"], words: readonly string[]): Example["needs"] {
  if (language === "sql" || words.includes("postgres")) return "database";
  return words.includes("s3") ? "bucket" : undefined;
}

/** Type-checks the examples below `folder`, which lies in the workspace so that its packages are found. */
async function compile(root: string, folder: string, examples: readonly Example[]): Promise<string[]> {
  if (examples.length === 0) return [];
  await Promise.all(examples.map((example) => write(join(folder, example.page, `${example.line}.ts`), example)));
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      ...{ noEmit: true, composite: false, declaration: false, declarationMap: false, isolatedDeclarations: false },
      // Against what is published, as the reader's own program would be.
      ...{ lib: ["es2024", "esnext.array", "esnext.disposable", "dom"], types: ["node"], customConditions: [] },
    },
    include: ["."],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { code, output } = await execute("tsc", ["-p", join(folder, "tsconfig.json"), "--pretty", "false"], root);
  if (code === 0) return [];
  const prefix = `${folder.slice(root.length + 1).replaceAll(sep, "/")}/`;
  return output
    .trim()
    .split("\n")
    .map((message) => message.replace(prefix, "").replace(/^(.*\.md)\/\d+\.ts\((\d+),\d+\)/, "$1:$2"));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs one example with `folder` as its working directory. */
async function runExample(folder: string, example: Example, environment: Environment): Promise<string[]> {
  if (example.language === "sql") return runSql(example, environment.DATABASE_URL ?? "");
  await write(join(folder, "example.ts"), example);
  const { code, output } = await execute("node", ["example.ts"], folder, environment);
  if (code === 0) return [];
  const place = `${example.page}:${example.line}`;
  return [`${place}: ${code === undefined ? `ran longer than ${timeoutMs / 1000} s` : `exit code ${code}`}\n${output}`];
}

/** Statements end with a line that ends with a semicolon. */
async function runSql({ page, line, code }: Example, database: string): Promise<string[]> {
  try {
    await query(database, ...code.split(/;\s*$/m).filter((statement) => statement.trim() !== ""));
    return [];
  } catch (error) {
    return [`${page}:${line}: ${error}`];
  }
}

async function write(path: string, { line, code }: Example): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${"\n".repeat(line)}${code}\n`);
}

/** Answers no code when the command had to be ended. */
function execute(
  file: string,
  args: string[],
  cwd: string,
  environment: Environment = {},
): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    const child = spawn(file, args, { cwd, env, timeout: timeoutMs, shell: process.platform === "win32" });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? undefined, output }));
  });
}

/** Every failure, as text that begins with `page:line`. */
export async function failuresOf(root: string, folder: string, examples: readonly Example[]): Promise<string[]> {
  await rm(folder, { recursive: true, force: true });
  const failures = await compile(
    root,
    join(folder, "check"),
    examples.filter(({ language }) => language === "ts"),
  );
  await using databases = createDocDatabases();
  await using buckets = createDocBuckets();
  const environmentOf = async ({ needs, page }: Example): Promise<Environment> => {
    if (needs === "database") return { DATABASE_URL: await databases.urlFor(page) };
    return needs === "bucket" ? buckets.environmentFor(page) : { DATABASE_URL: undefined, S3_BUCKET: undefined };
  };
  for (const [index, example] of runnable(examples).entries()) {
    failures.push(...(await runExample(join(folder, "run", String(index)), example, await environmentOf(example))));
  }
  return failures;
}

/** Those that run; where this machine has no PostgreSQL, and may have none, only those that need none. */
function runnable(examples: readonly Example[]): Example[] {
  const running = examples.filter(({ runs }) => runs);
  const isOurs = !process.env.PERSIST_TEST_PG_URL;
  const needsServer = running.some(({ needs }) => needs === "database");
  const missing = isOurs && needsServer ? mayBeMissing(() => findPostgres()) : "";
  return running.filter(({ needs }) => needs !== "database" || missing === "");
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const examples: Example[] = [];
  for await (const page of glob(pages, { cwd: root, exclude: ["**/node_modules/**"] })) {
    examples.push(...examplesIn(page.replaceAll(sep, "/"), await readFile(join(root, page), "utf8")));
  }
  const failures = await failuresOf(root, join(root, ".cache", "doc-examples"), examples);
  for (const failure of failures) console.error(failure);
  const running = examples.filter(({ runs }) => runs).length;
  const compiled = examples.filter(({ language }) => language === "ts").length;
  console.log(`docs: ${compiled} examples compiled, ${running} run, ${failures.length} failures`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
