import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface PublishedPackage {
  name: string;
  /** Absolute path of its folder. */
  folder: string;
  manifest: Manifest;
}

export interface Manifest {
  name: string;
  private?: boolean;
  version: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  license?: string;
  engines?: Record<string, string>;
  bin?: Record<string, string>;
  sideEffects?: boolean | string[];
  exports?: Record<string, string | Record<string, string>>;
}

/** The packages of this workspace that go to the registry, sorted by name. */
export async function publishedPackages(root: string): Promise<PublishedPackage[]> {
  const packages: PublishedPackage[] = [];
  for await (const path of glob("packages/*/package.json", { cwd: root })) {
    const manifest = JSON.parse(await readFile(join(root, path), "utf8")) as Manifest;
    if (manifest.private !== true) {
      packages.push({ name: manifest.name, folder: join(root, dirname(path)), manifest });
    }
  }
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}
