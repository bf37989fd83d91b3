/**
 * A disk of its own whose power can be cut: an ext4 file system in a file. When it is shut down, nothing more reaches it, synced or not, and what is on it when it is mounted
 * again is what a power cut would have left. Needs root, loop devices and xfs_io.
 *
 * Nobody may be writing at that moment: ext4 lets an fsync that is under way then succeed although it has written nothing, as no power cut would.
 */
import { execFile } from "node:child_process";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createPlaceOnDisk } from "./place-on-disk.ts";
import type { Place } from "./target.ts";

const run = promisify(execFile);
const size = 512 * 1024 * 1024;

export async function createPlaceWithPower(target: string): Promise<Place> {
  const folder = await createPlaceOnDisk(target);
  const image = join(folder.location, "disk");
  const location = join(folder.location, "mounted");
  await mkdir(location);
  await writeFile(image, "");
  await truncate(image, size);
  await run("mkfs.ext4", ["-q", image]);
  const mount = () => run("mount", ["-o", "loop", image, location]);
  await mount();
  return {
    location,
    async cutPower(endWriters) {
      // Without flushing anything, its own journal neither.
      await run("xfs_io", ["-x", "-c", "shutdown", location]);
      await endWriters();
      await run("umount", [location]);
      await mount();
    },
    async remove() {
      await run("umount", [location]);
      await folder.remove();
    },
  };
}
