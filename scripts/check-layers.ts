// Checks every source file against the import rules of layer-rules.ts and prints each violation as `file:line rule`.
import { glob, readFile } from "node:fs/promises";
import { join, matchesGlob, sep } from "node:path";
import { adapterIndex, boundaries, forbiddenNames, importRules } from "./layer-rules.ts";
import { type ModuleImport, readImports } from "./module-imports.ts";

export interface Violation {
  file: string;
  line: number;
  rule: string;
  detail: string;
}

type ImportsByFile = ReadonlyMap<string, readonly ModuleImport[]>;

const sources = ["packages/*/{src,test}/**/*.ts", "{examples,bench,fixtures,scripts,servers}/**/*.ts"];

export async function checkLayers(root: string): Promise<Violation[]> {
  const files = await sourceFiles(root);
  const imports: ImportsByFile = new Map(
    await Promise.all(files.map(async (file) => [file, await readImports(root, file)] as const)),
  );
  return [
    ...files.flatMap((file) => [...checkImports(file, imports), ...checkBoundary(file, imports), ...checkName(file)]),
    ...(await checkIndexes(root, imports)),
    ...findCycles(imports),
  ];
}

async function sourceFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(sources, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] })) {
    files.push(file.split(sep).join("/"));
  }
  return files.sort();
}

/** Rules that no file is under any more: after a file was renamed, its rule would hold for ever by holding for nothing. */
async function idleRules(root: string): Promise<string[]> {
  const files = await sourceFiles(root);
  return importRules.flatMap(({ rule, files: globs }) =>
    globs
      .filter((pattern) => !files.some((file) => matchesGlob(file, pattern)))
      .map((pattern) => `scripts/layer-rules.ts: "${rule}" is for ${pattern}, which matches no file`),
  );
}

function checkImports(file: string, imports: ImportsByFile): Violation[] {
  return importRules
    .filter((rule) => matchesAny(file, rule.files) && !matchesAny(file, rule.exceptFiles ?? []))
    .flatMap(({ rule, forbid, allow = [], kinds }) =>
      importsOf(file, imports)
        .filter(({ kind }) => kinds === undefined || kinds.includes(kind))
        .filter(({ target }) => matchesAny(target, forbid) && !matchesAny(target, allow))
        .map(({ specifier, line }) => ({ file, line, rule, detail: `imports "${specifier}"` })),
    );
}

function checkBoundary(file: string, imports: ImportsByFile): Violation[] {
  const boundary = boundaries.find((folder) => matchesGlob(file, `${folder}/**`));
  if (boundary === undefined) return [];
  const home = file.split("/").slice(0, boundary.split("/").length).join("/");
  const rule = `a relative import stays inside ${home}`;
  return importsOf(file, imports)
    .filter(({ specifier, target }) => specifier.startsWith(".") && !target.startsWith(`${home}/`))
    .map(({ specifier, line }) => ({ file, line, rule, detail: `imports "${specifier}"` }));
}

function checkName(file: string): Violation[] {
  const vague = file.split("/").find((part) => forbiddenNames.test(part.replace(/(\.test)?\.ts$/, "")));
  if (vague === undefined) return [];
  return [{ file, line: 1, rule: "files and folders are named by their concept", detail: `is named "${vague}"` }];
}

async function checkIndexes(root: string, imports: ImportsByFile): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const file of imports.keys()) {
    if (!matchesGlob(file, adapterIndex.files)) continue;
    const lines = (await readFile(join(root, file), "utf8")).trimEnd().split("\n").length;
    if (lines > adapterIndex.maxLines) {
      const rule = `an adapter's index has at most ${adapterIndex.maxLines} lines`;
      violations.push({ file, line: lines, rule, detail: `has ${lines}` });
    }
    for (const { line, specifier, target } of importsOf(file, imports).filter(isStatic)) {
      const loaded = [target, ...staticClosure(target, imports)].find((path) => matchesAny(path, adapterIndex.drivers));
      if (loaded === undefined) continue;
      const rule = "importing an adapter's index loads no driver";
      violations.push({ file, line, rule, detail: `imports "${specifier}", which loads ${loaded}` });
    }
  }
  return violations;
}

/** Each cycle once, at the import that closes it. Types and dynamic imports do not count: they load nothing at once. */
function findCycles(imports: ImportsByFile): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (done.has(file)) return;
    for (const { target, line } of importsOf(file, imports).filter(isStatic)) {
      const start = [...path, file].indexOf(target);
      if (start >= 0) {
        const detail = `closes ${[...path, file, target].slice(start).join(" → ")}`;
        violations.push({ file, line, rule: "no import cycles", detail });
      } else if (imports.has(target)) visit(target, [...path, file]);
    }
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return violations;
}

function staticClosure(file: string, imports: ImportsByFile, seen = new Set<string>()): Set<string> {
  for (const { target } of importsOf(file, imports).filter(isStatic)) {
    if (seen.has(target)) continue;
    seen.add(target);
    staticClosure(target, imports, seen);
  }
  return seen;
}

const importsOf = (file: string, imports: ImportsByFile) => imports.get(file) ?? [];
const isStatic = ({ kind }: ModuleImport) => kind === "value";
const matchesAny = (path: string, globs: readonly string[]) => globs.some((pattern) => matchesGlob(path, pattern));

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const violations = await checkLayers(root);
  const complaints = [
    ...violations.map(({ file, line, rule, detail }) => `${file}:${line} ${rule}: it ${detail}`),
    ...(await idleRules(root)),
  ];
  for (const complaint of complaints) console.error(complaint);
  console.log(complaints.length === 0 ? "layers: ok" : `layers: ${complaints.length} violations`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
