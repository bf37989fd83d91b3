import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PersistAdapter } from "../../src/contract.ts";

/** What an adapter stores: JSON texts by key. */
export type Stored = Map<string, string>;

/** The four methods and nothing else, listing in an order that helps nobody. */
export function bareAdapter(stored: Stored = new Map()): PersistAdapter {
  return {
    async get(key) {
      const text = stored.get(key);
      return text === undefined ? null : JSON.parse(text);
    },
    async put(key, value) {
      stored.set(key, JSON.stringify(value));
    },
    async delete(key) {
      stored.delete(key);
    },
    async *list(prefix) {
      for (const [key, text] of [...stored].reverse()) {
        if (key.startsWith(prefix)) yield { key, value: JSON.parse(text) };
      }
    },
  };
}

/** The same with everything that an adapter may offer beside. */
export function richAdapter(stored: Stored = new Map(), max = 20): PersistAdapter {
  return {
    ...bareAdapter(stored),
    ordered: {
      async *list(prefix, { after = "", limit, keysOnly }) {
        const keys = [...stored.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
        for (const key of keys.slice(0, limit)) {
          const text = stored.get(key) as string;
          yield keysOnly ? { key } : { key, value: JSON.parse(text) };
        }
      },
    },
    batch: {
      max,
      async write(ops) {
        if (ops.length > max) throw new Error(`more than ${max} writes`);
        for (const op of ops) {
          if ("put" in op) stored.set(op.put, JSON.stringify(op.value));
          else stored.delete(op.delete);
        }
      },
    },
  };
}

/** A file for each key, in folders as the key says. */
export function folderAdapter(folder: string): PersistAdapter {
  const fileOf = (key: string) => join(folder, key);
  return {
    async get(key) {
      return readJson(fileOf(key));
    },
    async put(key, value) {
      const file = fileOf(key);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.new`, JSON.stringify(value));
      await rename(`${file}.new`, file);
    },
    async delete(key) {
      await rm(fileOf(key), { force: true });
    },
    async list(prefix) {
      const names = await readdir(folder, { recursive: true, withFileTypes: true });
      const keys = names
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
      const wanted = keys.filter((key) => key.startsWith(prefix) && !key.endsWith(".new"));
      return Promise.all(wanted.map(async (key) => ({ key, value: await readJson(fileOf(key)) })));
    },
  };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}

/** For suites that run over each kind. */
export const adapters: [name: string, over: (stored?: Stored) => PersistAdapter][] = [
  ["four methods", bareAdapter],
  ["ordered listing and batches", richAdapter],
];
