import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { apiReport } from "../api-report.ts";

let folder: string;
afterEach(() => rm(folder, { recursive: true }));

async function reportOf(files: Record<string, string>): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), "api-"));
  await mkdir(join(folder, "dist"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "dist", name), text);
  const exports = { ".": { types: "./dist/index.d.ts" }, "./package.json": "./package.json" };
  return apiReport({ name: "@cuitty/x", folder, manifest: { name: "@cuitty/x", version: "1.0.0", exports } });
}

test("lists what is exported, from wherever it comes, sorted and without comments", async () => {
  const report = await reportOf({
    "index.d.ts": `
/** A story. */
export { open, type Options as OpenOptions } from "./open.ts";
export * from "./store.ts";
export * from "@cuitty/persist-core";
export { v7 } from "uuid";
`,
    "open.d.ts": `
import type { Store } from "./store.ts";
/** Opens. */
export declare function open(path: string): Store;
export declare function open(options: Options): Store;
export interface Options {
    /** Where. */
    path: string;
}
export interface Hidden {
}
`,
    "store.d.ts": "export interface Store {\n    get(key: string): Value; // why\n}\ntype Value = 1;\n",
  });
  expect(report).toBe(`## @cuitty/x

export * from "@cuitty/persist-core";

export interface Options {
    path: string;
} // exported as OpenOptions

export interface Store {
    get(key: string): Value;
}

export declare function open(path: string): Store;
export declare function open(options: Options): Store;

export { v7 } from "uuid";

### Not exported, but referred to

type Value = 1;
`);
});

test("an augmentation of another module is part of the API", async () => {
  const augmentation = `declare module "@cuitty/persist-core" {\n    interface AdapterRegistry {\n        x: string;\n    }\n}`;
  expect(await reportOf({ "index.d.ts": `${augmentation}\nexport {};\n` })).toContain(augmentation);
});
