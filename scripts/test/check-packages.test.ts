import { expect, test } from "vitest";
import { contentProblems } from "../check-packages.ts";

const files = ["package.json", "README.md", "LICENSE", "src/index.ts", "dist/index.js", "dist/index.d.ts"];
const manifest = {
  name: "@cuitty/persist-x",
  version: "1.0.0",
  license: "MIT",
  engines: { node: ">=22.14" },
  sideEffects: ["./dist/index.js"],
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" },
};

test("a good package has no problem", () => {
  expect(contentProblems([...files, "src/ambient.d.ts"], manifest)).toEqual([]);
});

test.each([
  ["contains test/index.test.ts", [...files, "test/index.test.ts"], manifest],
  ["contains dist/.tsbuildinfo", [...files, "dist/.tsbuildinfo"], manifest],
  ["lacks LICENSE", files.filter((file) => file !== "LICENSE"), manifest],
  [
    "exports dist/adapter.js, which is not in it",
    files,
    { ...manifest, exports: { ...manifest.exports, "./adapter": "./dist/adapter.js" } },
  ],
  ["exports dist/gone.js, which is not in it", files, { ...manifest, sideEffects: ["./dist/gone.js"] }],
  ["src/store.ts is not built", [...files, "src/store.ts"], manifest],
  ["dist/old.js has no source", [...files, "dist/old.js"], manifest],
  ["runs a script at installation: postinstall", files, { ...manifest, scripts: { postinstall: "node x.js" } }],
  ["names versions of the workspace", files, { ...manifest, dependencies: { "@cuitty/persist-core": "workspace:^" } }],
  ["is not under the MIT licence", files, { ...manifest, license: "ISC" }],
  ["does not ask for Node >=22.14", files, { ...manifest, engines: { node: ">=20" } }],
])("%s", (problem, contents, description) => {
  expect(contentProblems(contents, description)).toEqual([problem]);
});
