import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examplesIn, failuresOf } from "../doc-examples.ts";

const root = join(import.meta.dirname, "../..");
let folder: string;
beforeAll(async () => {
  // Inside the workspace, where the examples find its packages.
  await mkdir(join(root, ".cache"), { recursive: true });
  folder = await mkdtemp(join(root, ".cache/doc-examples-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const fence = (info: string, code: string) => `\`\`\`${info}\n${code}\n\`\`\`\n`;

test("finds the TypeScript fences with their lines", () => {
  const page = `# Page\n\n${fence("ts", "a();")}\n${fence("sh", "ls")}\n- item\n  \`\`\`ts run\n  b();\n    c();\n  \`\`\`\n`;
  expect(examplesIn("docs/page.md", page)).toMatchObject([
    { page: "docs/page.md", line: 3, runs: false, code: "a();" },
    { page: "docs/page.md", line: 12, runs: true, code: "b();\n  c();" },
  ]);
});

test("knows which of them need a database, and the SQL that goes with them", () => {
  const page = [
    fence("ts run", "a();"),
    fence("ts run postgres", "b();"),
    fence("ts run s3", "e();"),
    fence("sql run", "c;"),
    fence("sql", "d;"),
  ];
  expect(examplesIn("page.md", page.join(""))).toMatchObject([
    { language: "ts", needs: undefined },
    { language: "ts", needs: "database" },
    { language: "ts", needs: "bucket" },
    { language: "sql", needs: "database" },
    { language: "sql", runs: false, needs: undefined },
  ]);
});

test("a fence inside a longer fence is text", () => {
  expect(examplesIn("page.md", `\`\`\`\`md\n${fence("ts", "a();")}\`\`\`\`\n`)).toEqual([]);
});

test("a fence that is not closed is an error", () => {
  expect(() => examplesIn("page.md", "```ts\na();")).toThrow("page.md: a fence is not closed");
});

test("reports what does not compile and what fails when run, at the line of the page", {
  timeout: 60_000,
}, async () => {
  const page = [
    fence("ts", `const x: number = "text";`),
    fence("ts run", `import { writeFileSync } from "node:fs";\nwriteFileSync("here.txt", "");`),
    fence("ts run", `throw new Error("as it should");`),
  ].join("");
  const failures = await failuresOf(root, folder, examplesIn("page.md", page));
  expect(failures).toHaveLength(2);
  expect(failures[0]).toMatch(/^page\.md:2: error TS2322/);
  expect(failures[1]).toMatch(/^page\.md:8: exit code 1.*example\.ts:9.*as it should/s);
});

test("gives a page a database, which its examples and its SQL share", { timeout: 60_000 }, async () => {
  const page = [
    fence("sql run", "create table seen (url text);\ninsert into seen values (';');"),
    fence("ts run postgres", `if (!process.env.DATABASE_URL?.startsWith("postgres://")) throw new Error("no URL");`),
    fence("sql run", "select url from seen"),
    fence("sql run", "select url from seen;\nselect nothing from seen;"),
  ].join("");
  const failures = await failuresOf(root, folder, [
    ...examplesIn("page.md", page),
    ...examplesIn("other.md", fence("sql run", "create table seen ();")),
  ]);
  expect(failures).toEqual([expect.stringMatching(/^page\.md:11: .*column "nothing" does not exist/)]);
});

test("gives a page a bucket, which its examples share", { timeout: 120_000 }, async () => {
  const open = [
    `import { createStore } from "@cuitty/persist";`,
    `import "@cuitty/persist-s3";`,
    `const { S3_BUCKET: bucket = "", S3_ENDPOINT: endpoint = "" } = process.env;`,
    `await using store = await createStore({ name: "app", adapter: "s3", bucket, endpoint });`,
  ].join("\n");
  const page = [
    fence("ts run s3", `${open}\nawait store.kv.set("k", 1);`),
    fence("ts run s3", `${open}\nif ((await store.kv.get("k")) !== 1) throw new Error("another bucket");`),
  ].join("");
  const other = fence("ts run s3", `${open}\nif (await store.kv.has("k")) throw new Error("the same bucket");`);
  expect(await failuresOf(root, folder, [...examplesIn("page.md", page), ...examplesIn("other.md", other)])).toEqual(
    [],
  );
});
