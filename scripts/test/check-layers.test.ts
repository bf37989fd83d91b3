import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { checkLayers } from "../check-layers.ts";

const trees: string[] = [];
afterEach(async () => {
  await Promise.all(trees.splice(0).map((tree) => rm(tree, { recursive: true })));
});

/** Writes a source tree and answers its violations as `file:line rule`. */
async function violationsOf(files: Record<string, string>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), "layers-"));
  trees.push(root);
  for (const [path, source] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), source);
  }
  return (await checkLayers(root)).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

const core = "packages/persist-core/src";
const sqlite = "packages/persist-sqlite/src";

describe("a clean tree", () => {
  test("has no violation", async () => {
    const files = {
      [`${core}/contract.ts`]: `import type { Version } from "./version.ts";\nexport type A = Version;`,
      [`${core}/errors.ts`]: "export class PersistError extends Error {}",
      [`${core}/version.ts`]: `import type { A } from "./contract.ts";\nexport type Version = A | string;`,
      [`${core}/facades/kv.ts`]: `import { sha256 } from "@noble/hashes/sha2.js";\nimport "../errors.ts";`,
      [`${sqlite}/index.ts`]: `import { registerAdapter } from "@cuitty/persist-core";\nimport("./adapter.ts");`,
      [`${sqlite}/adapter.ts`]: `import fs from "node:fs";\nimport "./driver.ts";`,
      [`${sqlite}/driver.ts`]: `import Database from "better-sqlite3";`,
      [`${sqlite}/drivers/node.ts`]: `import { DatabaseSync } from "node:sqlite";`,
      "packages/persist-testkit/src/index.ts": `import fc from "fast-check";\nimport "@cuitty/persist-core";`,
      "packages/persist-sqlite/test/driver.test.ts": `import "../src/driver.ts";\nimport "@cuitty/persist";`,
      "examples/notes/src/main.ts": `import { createStore } from "@cuitty/persist";\nimport "./notes.ts";`,
    };
    expect(await violationsOf(files)).toEqual([]);
  });
});

describe("each rule finds its violation", () => {
  const cases: [rule: string, file: string, source: string, line: number][] = [
    ["the contract and the errors import nothing at run time", `${core}/contract.ts`, `\nimport "./errors.ts";`, 2],
    ["the contract and the errors import nothing at run time", `${core}/errors.ts`, `export * from "uuid";`, 1],
    [
      "the contract and the errors import nothing at run time",
      `${core}/contract.ts`,
      `import { type A } from "./codec.ts";`,
      1,
    ],
    ["core and the umbrella run outside Node: no node:* import", `${core}/store.ts`, `import "node:fs/promises";`, 1],
    ["core and the umbrella run outside Node: no node:* import", `${core}/store.ts`, `import type { A } from "fs";`, 1],
    [
      "core and the umbrella run outside Node: no node:* import",
      "packages/persist/src/index.ts",
      `await import("node:module");`,
      1,
    ],
    [
      "core knows no other package of the workspace, but for the names of Persist's own adapters",
      `${core}/store.ts`,
      `await import("@cuitty/persist-sqlite" as string);`,
      1,
    ],
    [
      "facades know the engine contract only: not the registry, an engine, or createStore",
      `${core}/facades/kv.ts`,
      `export { x } from "../registry.ts";`,
      1,
    ],
    [
      "facades know the engine contract only: not the registry, an engine, or createStore",
      `${core}/facades/records/list.ts`,
      `import type { Lift } from "../../lift/lift.ts";`,
      1,
    ],
    [
      "engines do not know the facades above them",
      `${core}/memory/engine.ts`,
      `const x = 1;\n\nimport { kv } from "../facades/kv.ts";`,
      3,
    ],
    [
      "only an adapter's driver.ts (or drivers/) imports a third-party package",
      `${sqlite}/schema.ts`,
      `import type { Database } from "better-sqlite3";`,
      1,
    ],
    [
      "only an adapter's driver.ts (or drivers/) imports a third-party package",
      `${sqlite}/schema.ts`,
      `import "node:sqlite";`,
      1,
    ],
    [
      "only an adapter's driver.ts (or drivers/) imports a third-party package",
      "packages/persist-s3/src/blobs.ts",
      `import "@aws-sdk/client-s3";`,
      1,
    ],
    ["adapters do not import the umbrella", `${sqlite}/driver.ts`, `import "@cuitty/persist";`, 1],
    [
      "the conformance kit imports core and fast-check only; its command and its S3 double, Node's modules too",
      "packages/persist-testkit/src/kit.ts",
      `import { test } from "vitest";`,
      1,
    ],
    [
      "the conformance kit imports core and fast-check only; its command and its S3 double, Node's modules too",
      "packages/persist-testkit/src/kit.ts",
      `import "node:fs";`,
      1,
    ],
    [
      "the conformance kit imports core and fast-check only; its command and its S3 double, Node's modules too",
      "packages/persist-testkit/src/kit.ts",
      `import "@cuitty/persist-sqlite";`,
      1,
    ],
    [
      "the command of the conformance kit imports core and Node's modules only",
      "packages/persist-testkit/src/command/main.ts",
      `import fc from "fast-check"; import "node:fs";`,
      1,
    ],
    [
      "the conformance kit runs without its command and its S3 double",
      "packages/persist-testkit/src/certify.ts",
      `import "./command/main.ts";`,
      1,
    ],
    [
      "a relative import stays inside examples/notes",
      "examples/notes/src/main.ts",
      `import "../../../packages/persist/src/index.ts";`,
      1,
    ],
    [
      "a relative import stays inside packages/persist/src",
      "packages/persist/src/index.ts",
      `export * from "../../persist-core/src/index.ts";`,
      1,
    ],
    [
      "servers are started by tests, scripts and benchmarks only",
      `${sqlite}/driver.ts`,
      `import { startPostgres } from "@cuitty/persist-servers";`,
      1,
    ],
    ["the servers know nothing of Persist", "servers/src/postgres.ts", `import "@cuitty/persist-core";`, 1],
    ["files and folders are named by their concept", `${core}/utils.ts`, "export const x = 1;", 1],
    ["files and folders are named by their concept", "scripts/helpers/x.ts", "export const x = 1;", 1],
    ["an adapter's index has at most 40 lines", `${sqlite}/index.ts`, "// line\n".repeat(41), 41],
  ];
  test.each(cases)("%s: %s", async (rule, file, source, line) => {
    expect(await violationsOf({ [file]: source })).toContain(`${file}:${line} ${rule}`);
  });
});

test("an index that loads the driver through another file is found", async () => {
  const files = {
    [`${sqlite}/index.ts`]: `import "@cuitty/persist-core";\nimport { parse } from "./options.ts";`,
    [`${sqlite}/options.ts`]: `import "./driver.ts";`,
    [`${sqlite}/driver.ts`]: "",
  };
  expect(await violationsOf(files)).toEqual([`${sqlite}/index.ts:2 importing an adapter's index loads no driver`]);
});

test("a cycle is reported once, at the import that closes it", async () => {
  const files = {
    [`${core}/a.ts`]: `import "./b.ts";`,
    [`${core}/b.ts`]: `\nimport "./c.ts";`,
    [`${core}/c.ts`]: `\n\nexport * from "./a.ts";`,
  };
  expect(await violationsOf(files)).toEqual([`${core}/c.ts:3 no import cycles`]);
});

test("a file that does not parse is an error, not an empty list of imports", async () => {
  await expect(violationsOf({ [`${core}/broken.ts`]: "import {" })).rejects.toThrow("broken.ts");
});
