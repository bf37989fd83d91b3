// Packs every published package and checks what a consumer would install: the tarball, not the working tree.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { pack } from "./pack.ts";
import type { Manifest } from "./published-packages.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** What a package may contain. Sources go along, because the maps in dist point to them. */
const allowed = /^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts|package\.json|(README|CHANGELOG|CONTRACT)\.md|LICENSE)$/;
const required = ["package.json", "README.md", "LICENSE"];
const installScripts = ["preinstall", "install", "postinstall", "prepare"];

/** Everything wrong with a tarball whose files and manifest are these; the linters' findings are not among it. */
export function contentProblems(files: readonly string[], manifest: Manifest): string[] {
  const present = new Set(files);
  const sources = files.filter((file) => /^src\/.*(?<!\.d)\.ts$/.test(file)).map((file) => file.slice(4, -3));
  const outputs = files.filter((file) => /^dist\/.*\.js$/.test(file)).map((file) => file.slice(5, -3));
  return [
    ...files.filter((file) => !allowed.test(file)).map((file) => `contains ${file}`),
    ...required.filter((file) => !present.has(file)).map((file) => `lacks ${file}`),
    ...exportTargets(manifest)
      .filter((file) => !present.has(file))
      .map((file) => `exports ${file}, which is not in it`),
    ...sources.filter((name) => !outputs.includes(name)).map((name) => `src/${name}.ts is not built`),
    ...outputs.filter((name) => !sources.includes(name)).map((name) => `dist/${name}.js has no source`),
    ...installScripts
      .filter((name) => manifest.scripts?.[name] !== undefined)
      .map((name) => `runs a script at installation: ${name}`),
    ...(/"(workspace|catalog):/.test(JSON.stringify(manifest)) ? ["names versions of the workspace"] : []),
    ...(manifest.license === "MIT" ? [] : ["is not under the MIT licence"]),
    ...(manifest.engines?.node === ">=22.14" ? [] : ["does not ask for Node >=22.14"]),
  ];
}

function exportTargets({ exports = {}, bin = {}, sideEffects }: Manifest): string[] {
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  return [...targets, ...Object.values(bin), ...(Array.isArray(sideEffects) ? sideEffects : [])].map((path) =>
    path.replace("./", ""),
  );
}

async function checkTarball(tarball: string): Promise<string[]> {
  const { stdout: listing } = await run("tar", ["-tzf", tarball]);
  const { stdout: manifest } = await run("tar", ["-xzOf", tarball, "package/package.json"]);
  const files = listing.trim().split("\n");
  return [
    ...contentProblems(
      files.map((file) => file.replace("package/", "")),
      JSON.parse(manifest),
    ),
    ...(await lintManifest(tarball)),
    ...(await lintTypes(tarball)),
  ];
}

async function lintManifest(tarball: string): Promise<string[]> {
  const bytes = await readFile(tarball);
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer },
    strict: true,
  });
  return messages
    .filter(({ type }) => type !== "suggestion")
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** Resolves the types as every kind of consumer does. CommonJS files reach ESM packages through require(esm). */
async function lintTypes(tarball: string): Promise<string[]> {
  const args = [tarball, "--profile", "esm-only", "--no-color", "--no-emoji", "--format", "ascii"];
  try {
    await run("attw", args, { shell: process.platform === "win32" });
    return [];
  } catch (error) {
    return [`attw: ${(error as { stdout?: string }).stdout ?? String(error)}`];
  }
}

if (import.meta.main) {
  let count = 0;
  for (const [name, tarball] of await pack(join(root, ".cache", "packages"))) {
    const problems = await checkTarball(tarball);
    for (const problem of problems) console.error(`${name}: ${problem}`);
    count += problems.length;
  }
  console.log(count === 0 ? "packages: ok" : `packages: ${count} problems`);
  process.exitCode = count === 0 ? 0 : 1;
}
