/** How much memory a process needs whose store is much larger. Each measurement is a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { createStore } from "@cuitty/persist";
import { type Figure, figureOf } from "../figure.ts";
import { fillKv } from "../growth/grown-store.ts";
import type { Suite } from "../suite.ts";

const run = promisify(execFile);
const entries = 1_000_000;
const blobBytes = 2 ** 30;
const megabyte = 1_000_000;

/** What memory/measured.js prints. Bytes. */
interface Measured {
  /** Of the whole process, its libraries and buffers included, at its greatest. */
  readonly peak: number;
  /** Before the work, with the store open. */
  readonly before: number;
  readonly seconds: number;
}

const listingBar = { atMost: 150 };
/** The heap may have 128 MB, by Node's own limit. So much may the whole process have, with Node itself, the driver and all buffers. */
const blobBar = { atMost: 256 };
const heapLimit = "--max-old-space-size=128";

export const memory: Suite = {
  title: "Memory of a whole process at its greatest, Node itself included (SQLite, relaxed durability)",
  notes: [
    `The blob has ${blobBytes} bytes; its process runs with ${heapLimit}, and its SHA-256 is compared with one that node:crypto made.`,
    '"before" is the process with the store open, before the work.',
  ],

  async run({ quick, folder, progress }) {
    const repeats = quick ? 1 : 5;
    const listed = join(folder, "listed.db");
    progress(`filling a store with ${entries} entries`);
    await using store = await createStore({ name: "bench", path: listed, durability: "relaxed" });
    await fillKv(store, entries);

    const figures: Figure[] = [];
    for (const what of ["keys", "entries"]) {
      progress(`listing ${entries} ${what}`);
      const runs = await repeat(repeats, () => measure([], "list.js", listed, String(entries), what));
      figures.push(toFigure(`going through ${entries} ${what}`, runs, what === "keys" ? listingBar : undefined));
    }
    const blobs = join(folder, "blobs.db");
    for (const [direction, what] of [
      ["in", "streamed in"],
      ["out", "streamed out"],
      ["uploaded", "uploaded in pieces"],
    ] as const) {
      progress(`1 GiB ${what}`);
      const runs = await repeat(repeats, () => measure([heapLimit], "blob.js", blobs, direction, String(blobBytes)));
      figures.push(toFigure(`a blob of 1 GiB, ${what}`, runs, blobBar));
    }
    return figures;
  },
};

async function repeat<T>(times: number, once: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) results.push(await once());
  return results;
}

/** Rejects where the process fails: by its own checks, or because the heap is too small. */
async function measure(nodeOptions: readonly string[], script: string, ...args: readonly string[]): Promise<Measured> {
  const path = join(import.meta.dirname, "..", "memory", script);
  const { stdout } = await run(process.execPath, [...nodeOptions, path, ...args]);
  return JSON.parse(stdout) as Measured;
}

function toFigure(what: string, runs: readonly Measured[], bar: Figure["bar"]): Figure {
  const before = Math.min(...runs.map((measured) => measured.before)) / megabyte;
  const seconds = Math.min(...runs.map((measured) => measured.seconds));
  return figureOf(
    runs.map(({ peak }) => peak / megabyte),
    {
      what,
      against: "",
      unit: "MB",
      bar,
      orientation: { before: `${before.toFixed(0)} MB`, time: `${seconds.toFixed(1)} s` },
    },
  );
}
