/** The flags of `flag-icons` as blobs: SVG, 4 by 3. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Store } from "@cuitty/persist";
import type { Report } from "./report.ts";

const folder = new URL("flags/4x3/", import.meta.resolve("flag-icons/package.json"));

export interface Flag {
  /** `flags/de.svg` */
  key: string;
  svg: Buffer;
}

export async function readFlags(): Promise<Flag[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".svg"));
  return Promise.all(names.map(async (name) => ({ key: `flags/${name}`, svg: await readFile(new URL(name, folder)) })));
}

/** All at once: what comes at the same moment shares a commit. */
export async function storeFlags(store: Store, flags: readonly Flag[]): Promise<void> {
  await Promise.all(flags.map(({ key, svg }) => store.blobs.put(key, svg, { contentType: "image/svg+xml" })));
}

/** Reads them all back. Answers how many are what the files are, byte for byte. */
export async function countIntactFlags(store: Store, flags: readonly Flag[]): Promise<number> {
  const intact = await Promise.all(
    flags.map(async ({ key, svg }) => {
      const blob = await store.blobs.get(key);
      return blob !== undefined && svg.equals(await blob.bytes()) && blob.digest === `sha-256:${sha256(svg)}`;
    }),
  );
  return intact.filter(Boolean).length;
}

export async function showFlags(store: Store, report: Report): Promise<void> {
  report.step("Store flags as blobs");
  const flags = await readFlags();
  const size = { count: flags.length, bytes: flags.reduce((sum, { svg }) => sum + svg.length, 0) };
  await report.measure(
    "flags stored",
    () => storeFlags(store, flags),
    () => size,
  );
  const intact = await report.measure(
    "flags read",
    () => countIntactFlags(store, flags),
    () => size,
  );
  report.check(`${intact} of ${flags.length} flags are the files, byte for byte`, intact === flags.length);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
