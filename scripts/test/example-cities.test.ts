import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const program = join(import.meta.dirname, "..", "..", "examples", "cities", "src", "main.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cities-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the example on so many cities; kills it where it says `until`. */
function run(file: string, cities: number, until?: string): Promise<{ code: number | null; said: string }> {
  const args = ["--conditions=@cuitty/source", program, "--cities", String(cities), "--path", join(folder, file)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (until !== undefined && said.includes(until)) child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said }));
  });
}

describe("the example of the cities", { timeout: 120_000 }, () => {
  test("runs, and again on what is there", async () => {
    const first = await run("again.db", 2000);
    expect(first).toMatchObject({ code: 0, said: expect.stringContaining("the store is new") });
    expect(first.said).toContain("2,000 of 2,000 cities are as in the source");
    expect(first.said).toContain("13 of 13 checks hold");
    const second = await run("again.db", 1500);
    expect(second).toMatchObject({ code: 0, said: expect.stringContaining("this one, number 2, replaces its cities") });
    expect(second.said).toContain("500 cities are not in the source any more: removed");
  });

  test("completes first what was interrupted", async () => {
    const interrupted = await run("interrupted.db", 2000, "2. ");
    expect(interrupted.code).toBeNull();
    const { code, said } = await run("interrupted.db", 2000);
    expect({ code, said }).toMatchObject({
      code: 0,
      said: expect.stringContaining("import 1 stopped at 1,000 of 2,000"),
    });
    expect(said).toContain("13 of 13 checks hold");
  });
});
