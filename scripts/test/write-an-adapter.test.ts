import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { examplesIn } from "../doc-examples.ts";

const root = join(import.meta.dirname, "../..");

/** Runs the conformance kit over the module as its page says; answers what it printed last. */
function figures(file: string, only: string): Promise<string | undefined> {
  const command = join(root, "packages/persist-testkit/src/command/main.ts");
  return new Promise((resolve) => {
    const args = ["--conditions=@cuitty/source", command, file, "--only", only];
    execFile("node", args, (_error, stdout) => resolve(stdout.trimEnd().split("\n").at(-1)));
  });
}

it("the adapter of docs/write-an-adapter.md passes the kit", async () => {
  const page = "docs/write-an-adapter.md";
  const [adapter] = examplesIn(page, await readFile(join(root, page), "utf8"));
  const folder = join(root, ".cache/write-an-adapter");
  await mkdir(folder, { recursive: true });
  const file = join(folder, "folder.ts");
  await writeFile(file, adapter?.code ?? "");
  for (const only of ["K-adapter", "K-key-d", "K-list-page", "K-tx-t", "K-open", "K-blobs-body"]) {
    expect(await figures(file, only), only).toMatch(/^[1-9]\d* passed, 0 failed, \d+ skipped$/);
  }
});
