import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "./target.ts";

// Not the system's temporary folder: that is memory on some machines, and memory has nothing to sync.
const parent = join(import.meta.dirname, "..", "..", ".cache", "crash");

/** An empty folder on the disk that the repository is on. */
export async function createPlaceOnDisk(target: string): Promise<Place> {
  await mkdir(parent, { recursive: true });
  const location = await mkdtemp(join(parent, `${target}-`));
  return { location, remove: () => rm(location, { recursive: true }) };
}
