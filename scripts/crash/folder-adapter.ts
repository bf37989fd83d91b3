/**
 * An adapter in four methods: one JSON file per key, in folders as the keys have slashes. What `put` has resolved survives a crash of the machine.
 *
 * For one process at a time: nothing stops two.
 */
import { mkdir, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PersistAdapter } from "@cuitty/persist-core";

/** Behind every file's name, so that none is the name of a folder: keys have no `.j` in them. */
const extension = ".json";

/** Opens the folder, making it where it is missing. */
export async function folder(root: string): Promise<PersistAdapter> {
  const files = join(root, "files");
  // Files are written here and then moved: what is still here was not finished when the process before ended.
  const drafts = join(root, "drafts");
  const ensureFolder = createFolders(root);
  await rm(drafts, { recursive: true, force: true });
  await ensureFolder(drafts);
  await ensureFolder(files);
  let draftCount = 0;

  const pathOf = (key: string) => join(files, key + extension);

  const get = async (key: string): Promise<unknown> => {
    const text = await orNothing(readFile(pathOf(key), "utf8"));
    return text === undefined ? undefined : JSON.parse(text);
  };

  return {
    get,

    async put(key, value) {
      const path = pathOf(key);
      const draft = join(drafts, String(++draftCount));
      await ensureFolder(dirname(path));
      try {
        await writeSynced(draft, JSON.stringify(value));
        // Whenever the machine stops, the file is the old one or the new one, whole; and the new one once its folder is synced.
        await rename(draft, path);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      await syncFolder(dirname(path));
    },

    async delete(key) {
      const path = pathOf(key);
      const removed = await orNothing(unlink(path).then(() => true));
      if (removed === true) await syncFolder(dirname(path));
    },

    async *list(prefix) {
      const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      for await (const key of keysBelow(files, start)) {
        if (!key.startsWith(prefix)) continue;
        const value = await get(key);
        if (value !== undefined) yield { key, value };
      }
    },
  };
}

/** `above` is the part of the keys that leads to the folder: empty, or it ends in a slash. */
async function* keysBelow(files: string, above: string): AsyncIterable<string> {
  for (const entry of (await orNothing(readdir(join(files, above), { withFileTypes: true }))) ?? []) {
    if (entry.isDirectory()) yield* keysBelow(files, `${above}${entry.name}/`);
    else yield above + entry.name.slice(0, -extension.length);
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/**
 * Makes folders, and those above them up to the root. A folder is an entry in the one above, which has to be synced: once in each process, because a folder that is there may
 * come from a process that was killed before it synced.
 */
function createFolders(root: string): (path: string) => Promise<void> {
  const known = new Map<string, Promise<void>>();

  const ensure = (path: string): Promise<void> => {
    let making = known.get(path);
    if (making === undefined) {
      making = make(path);
      known.set(path, making);
      making.catch(() => known.delete(path));
    }
    return making;
  };
  const make = async (path: string) => {
    if (path !== root) await ensure(dirname(path));
    await mkdir(path, { recursive: true });
    await syncFolder(dirname(path));
  };
  return ensure;
}

async function syncFolder(path: string): Promise<void> {
  // Windows syncs its folders by itself, and does not open them.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** `undefined` where there is no such file or folder. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
