import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("testAdapter runs under node:test, which is told what is skipped and what fails", async () => {
  const file = join(import.meta.dirname, "runners/node-test.ts");
  const output = await new Promise<string>((resolve) => {
    const args = ["--conditions=@cuitty/source", "--test-reporter=tap", file];
    // Not as a part of the run of the tests around it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    execFile("node", args, { env }, (_error, stdout) => resolve(stdout));
  });
  expect(output).toMatch(/# Subtest: memory keeps the contract \(seed -?\d+\)/);
  expect(output).toMatch(
    /ok 2 - K-blobs-url A link gives the content and its type without this store # SKIP signedUrls is absent/,
  );
  expect(output).toMatch(/not ok \d+ - K-blobs-url-absent/);
  expect(output).toContain("K-blobs-url-absent passes, but is listed in knownGaps: remove it there");
  expect(output).toMatch(/# fail 1\n/);
});
