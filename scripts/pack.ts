// Builds and packs every published package: one tarball each, in artifacts/ or in the folder given as argument.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { glob, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { publishedPackages } from "./published-packages.ts";

const root = join(import.meta.dirname, "..");
const shell = process.platform === "win32";

/** Empties `folder` and packs what is built into it. Answers the tarballs' paths by package name. */
export async function pack(folder: string): Promise<Map<string, string>> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tarballs = new Map<string, string>();
  for (const { name, folder: cwd } of await publishedPackages(root)) {
    await removeStaleOutput(cwd);
    const before = new Set(await readdir(folder));
    await promisify(execFile)("pnpm", ["pack", "--pack-destination", folder], { cwd, shell });
    const created = (await readdir(folder)).filter((file) => !before.has(file));
    if (created.length !== 1 || created[0] === undefined) throw new Error(`pnpm pack of ${name} wrote ${created}`);
    tarballs.set(name, join(folder, created[0]));
  }
  return tarballs;
}

/** The build never deletes: what a removed source left in dist must not be published. */
async function removeStaleOutput(folder: string): Promise<void> {
  for await (const file of glob("dist/**/*.{js,d.ts,map}", { cwd: folder })) {
    const source = file.replace("dist", "src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (!existsSync(join(folder, source))) await rm(join(folder, file));
  }
}

if (import.meta.main) {
  const built = spawnSync("turbo", ["run", "build", "--output-logs=errors-only"], {
    cwd: root,
    shell,
    stdio: "inherit",
  });
  if (built.status !== 0) process.exit(1);
  for (const [name, path] of await pack(resolve(root, process.argv[2] ?? "artifacts"))) {
    const kib = ((await stat(path)).size / 1024).toFixed(0);
    console.log(`${name.padEnd(28)} ${kib.padStart(6)} KiB  ${relative(root, path)}`);
  }
}
