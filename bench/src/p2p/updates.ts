/** How large a file becomes by updates, by how large it is when the same values are written once. */
import { deepStrictEqual } from "node:assert";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "@cuitty/persist";
import { crowd, inCrowds } from "../call-styles.ts";
import { keyFor, valueFor } from "../dataset.ts";
import { type Figure, figureOf } from "../figure.ts";
import { shown } from "../growth/compare-sizes.ts";
import type { SuiteOptions } from "../suite.ts";
import { openAlone } from "./stores.ts";

const keys = 1000;

export async function updatesFigures(
  updates: number,
  { folder, progress }: Pick<SuiteOptions, "folder" | "progress">,
): Promise<Figure[]> {
  progress(`${updates} updates of ${keys} keys`);
  const rounds = updates / keys;
  const updated = await fill(join(folder, "updated"), 0, rounds);
  const fresh = await fill(join(folder, "fresh"), rounds - 1, rounds);
  return [
    figureOf([updated / fresh], {
      what: `file after ${shown(updates)} updates of ${shown(keys)} keys`,
      against: "written once",
      unit: "×",
      bar: { atMost: 2 },
      orientation: { persist: `${shown(updated)} B`, other: `${shown(fresh)} B` },
    }),
  ];
}

/** Writes each key once a revision. Answers how many bytes its files have once it is closed. */
async function fill(folder: string, from: number, to: number): Promise<number> {
  await mkdir(folder);
  const store = await openAlone(join(folder, "store.db"), "relaxed");
  const numbers = Array.from({ length: keys }, (_, n) => n);
  for (let revision = from; revision < to; revision++) {
    await inCrowds(numbers, (n) => store.kv.set(keyFor("", n), valueFor(n, revision)));
  }
  await check(store, numbers, to - 1);
  await store.close();
  const files = (await readdir(folder)).filter((name) => name.startsWith("store.db"));
  const sizes = await Promise.all(files.map((name) => stat(join(folder, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

async function check(store: Store, numbers: readonly number[], revision: number): Promise<void> {
  for (let first = 0; first < keys; first += crowd) {
    const some = numbers.slice(first, first + crowd);
    const values = await Promise.all(some.map((n) => store.kv.get(keyFor("", n))));
    deepStrictEqual(
      values,
      some.map((n) => valueFor(n, revision)),
    );
  }
}
