// Every ```ts fence of the documentation compiles, and those marked ```ts run also run, each in a folder of its own.
// An example keeps its lines: it is written below as many empty lines as stand above it in its page, so that compiler
// messages and stack traces name the line of the page.
import { spawn } from "node:child_process";
import { glob, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";

export interface Example {
  /** The page it stands in, from the root. */
  page: string;
  /** The line of its fence. */
  line: number;
  runs: boolean;
  code: string;
}

const pages = ["README.md", "docs/**/*.md", "packages/*/README.md", ".changeset/*.md"];
const timeoutMs = 60_000;

export function examplesIn(page: string, markdown: string): Example[] {
  const examples: Example[] = [];
  let open: { example: Example; fence: string; indent: number; lines: string[] } | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    const [, indent = "", fence = "", info = ""] = /^( *)(`{3,}|~{3,})\s*(.*)$/.exec(text) ?? [];
    if (open !== undefined) {
      if (fence.startsWith(open.fence) && info === "") {
        open.example.code = open.lines.join("\n");
        if (open.example.line > 0) examples.push(open.example);
        open = undefined;
      } else open.lines.push(text.slice(Math.min(open.indent, text.length - text.trimStart().length)));
    } else if (fence !== "") {
      const [language, ...words] = info.split(/\s+/);
      const isTypeScript = language === "ts" || language === "typescript";
      const example = { page, line: isTypeScript ? index + 1 : 0, runs: words.includes("run"), code: "" };
      open = { example, fence, indent: indent.length, lines: [] };
    }
  }
  if (open !== undefined) throw new Error(`${page}: a fence is not closed`);
  return examples;
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

/** Runs one example with `folder` as its working directory. */
async function runExample(folder: string, example: Example): Promise<string[]> {
  await write(join(folder, "example.ts"), example);
  const { code, output } = await execute("node", ["example.ts"], folder);
  if (code === 0) return [];
  const place = `${example.page}:${example.line}`;
  return [`${place}: ${code === undefined ? `ran longer than ${timeoutMs / 1000} s` : `exit code ${code}`}\n${output}`];
}

async function write(path: string, { line, code }: Example): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${"\n".repeat(line)}${code}\n`);
}

/** Answers no code when the command had to be ended. */
function execute(file: string, args: string[], cwd: string): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, timeout: timeoutMs, shell: process.platform === "win32" });
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
  const failures = await compile(root, join(folder, "check"), examples);
  const running = examples.filter(({ runs }) => runs);
  for (const [index, example] of running.entries()) {
    failures.push(...(await runExample(join(folder, "run", String(index)), example)));
  }
  return failures;
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
  console.log(`docs: ${examples.length} examples compiled, ${running} run, ${failures.length} failures`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
