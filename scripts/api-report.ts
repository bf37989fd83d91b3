// The public API of every package as one text file each, api/<package>.txt: a change of the surface shows as a diff in
// review. Without arguments it compares and fails on a difference; with --write it updates the files.
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { diff } from "node:util";
import { publicDeclarations } from "./public-declarations.ts";
import { type PublishedPackage, publishedPackages } from "./published-packages.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, "api");

export function apiReport({ name, folder, manifest }: PublishedPackage): string {
  const sections = Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const types = typeof target === "string" ? undefined : target.types;
    if (types === undefined) return [];
    const { reexports, exported, referred, augmentations } = publicDeclarations(join(folder, types));
    return [
      `## ${join(name, subpath)}`,
      ...[...reexports].sort(),
      ...sorted(exported),
      ...(augmentations.length > 0 ? ["### Augments", ...augmentations] : []),
      ...(referred.size > 0 ? ["### Not exported, but referred to", ...sorted(referred)] : []),
    ];
  });
  return `${sections.join("\n\n")}\n`;
}

function sorted(declarations: ReadonlyMap<string, string>): string[] {
  return [...declarations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}

/** The lines that differ, after a line that says where in the new text they stand. */
function changedLines(before: string, after: string): string {
  const lines: string[] = [];
  let position = 0;
  let inside = false;
  // util.diff marks what only its first argument has with 1, and what only its second has with -1.
  for (const [side, text] of diff(after.split("\n"), before.split("\n"))) {
    if (side !== -1) position += 1;
    if (side !== 0 && !inside) lines.push(`@ line ${position}`);
    if (side !== 0) lines.push(`${side === 1 ? "+" : "-"} ${text}`);
    inside = side !== 0;
  }
  return lines.join("\n");
}

if (import.meta.main) {
  const write = process.argv.includes("--write");
  if (write) {
    const built = spawnSync("turbo", ["run", "build", "--output-logs=errors-only"], {
      cwd: root,
      shell: process.platform === "win32",
      stdio: "inherit",
    });
    if (built.status !== 0) process.exit(1);
  }

  await mkdir(folder, { recursive: true });
  const leftOver = new Set(await readdir(folder));
  let differences = 0;
  for (const published of await publishedPackages(root)) {
    const file = `${published.name.replace("@cuitty/", "")}.txt`;
    leftOver.delete(file);
    const path = join(folder, file);
    const known = await readFile(path, "utf8").catch(() => "");
    const report = apiReport(published);
    if (known === report) continue;
    if (write) await writeFile(path, report);
    else {
      differences += 1;
      console.error(`api/${file}\n${changedLines(known, report)}`);
    }
  }
  for (const file of leftOver) {
    if (write) await rm(join(folder, file));
    else {
      differences += 1;
      console.error(`api/${file} belongs to no package`);
    }
  }
  console.log(differences === 0 ? "api: ok" : "api: the public API differs from api/*.txt; `npm run api` updates them");
  process.exitCode = differences === 0 ? 0 : 1;
}
