import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "@cuitty/persist-testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArguments } from "../src/command/arguments.ts";
import { loadHarness } from "../src/command/load-harness.ts";

/** Four methods over a Map, as a module that imports nothing. */
const methods = `
function adapter(map: Map<string, string>) {
  return {
    get: async (key: string) => (map.has(key) ? JSON.parse(map.get(key) as string) : undefined),
    put: async (key: string, value: unknown) => void map.set(key, JSON.stringify(value)),
    delete: async (key: string) => void map.delete(key),
    async *list(prefix: string) {
      for (const [key, text] of [...map]) if (key.startsWith(prefix)) yield { key, value: JSON.parse(text) };
    },
  };
}
const maps = new Map<string, Map<string, string>>();
const at = (id: string) => maps.get(id) ?? (maps.set(id, new Map()).get(id) as Map<string, string>);
`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "persist-command-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function moduleOf(name: string, exported: string): Promise<string> {
  const file = join(folder, `${name}.mts`);
  await writeFile(file, methods + exported);
  return file;
}

function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(import.meta.dirname, "../src/command/main.ts");
  return new Promise((resolve) => {
    execFile("node", ["--conditions=@cuitty/source", main, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

describe("a module may export", () => {
  it("a harness, as default or by name", async () => {
    const harness = "{ name: 'mine', open: async (id: string) => adapter(at(id)), knownGaps: ['K-kv-missing'] }";
    const found = await loadHarness(await moduleOf("default", `export default ${harness};`));
    expect(found).toMatchObject({ name: "mine", knownGaps: ["K-kv-missing"] });
    expect(await loadHarness(await moduleOf("named", `export const harness = ${harness};`))).toMatchObject({
      name: "mine",
    });
  });

  it("a function of the place's id, which finds the same data again", async () => {
    const harness = await loadHarness(await moduleOf("by-id", "export default (id: string) => adapter(at(id));"));
    expect(harness).toMatchObject({ name: "by-id" });
    expect(harness.reopens).toBeUndefined();
    await (await harness.open("a")).put("k", 1);
    expect(await (await harness.open("a")).get("k")).toBe(1);
    expect(await (await harness.open("b")).get("k")).toBeUndefined();
  });

  it("a function of options, with what makes options of an id", async () => {
    const exported = `export const options = (id: string) => ({ path: "p" + id });
      export default ({ path }: { path: string }) => adapter(at(path));`;
    const harness = await loadHarness(await moduleOf("by-options", exported));
    await (await harness.open("a")).put("k", 1);
    expect(await (await harness.open("a")).get("k")).toBe(1);
  });

  it("a function of nothing, of which nothing is opened again", async () => {
    const harness = await loadHarness(await moduleOf("fresh", "export default () => adapter(new Map());"));
    expect(harness.reopens).toBe(false);
    await (await harness.open("a")).put("k", 1);
    expect(await (await harness.open("b")).get("k")).toBeUndefined();
  });

  it("nothing else, and is told what", async () => {
    const refusal = async (name: string, exported: string) =>
      loadHarness(await moduleOf(name, exported)).catch((error: Error) => error.message);
    expect(await refusal("single", "export default adapter(new Map());")).toContain(
      "one adapter, and the kit needs many",
    );
    expect(await refusal("nothing", "export const other = 1;")).toContain("exports nothing that can be tested");
    expect(await refusal("text", "export default 'adapter';")).toContain("neither a harness nor a function");
    await expect(loadHarness(join(folder, "none.mts"))).rejects.toThrow("none.mts cannot be imported");
  });
});

describe("the command line", () => {
  it("has defaults, and writes no report of a part unless it is told where", () => {
    expect(readArguments(["./a.ts"])).toEqual({ file: "./a.ts", only: "", seed: undefined, budget: "quick", out: "." });
    expect(readArguments(["a.ts", "--only", "K-kv", "--seed", "-5"].slice(0, 3))).toMatchObject({ out: undefined });
    expect(readArguments(["a.ts", "--only=K-kv", "--seed=-5", "--budget=full", "--out=r"])).toEqual({
      ...{ file: "a.ts", only: "K-kv", seed: -5, budget: "full", out: "r" },
    });
    expect(readArguments(["--help"])).toBe("help");
  });

  it("is refused where it is wrong, with the usage", () => {
    for (const args of [[], ["a.ts", "b.ts"], ["a.ts", "--seed=x"], ["a.ts", "--budget=huge"], ["a.ts", "--olny=K"]]) {
      expect(() => readArguments(args), args.join(" ")).toThrow("usage: persist-testkit");
    }
  });
});

describe("a run", () => {
  it("tells each section, writes the report and exits with 0 where all is kept", async () => {
    const file = await moduleOf("good", "export default (id: string) => adapter(at(id));");
    const { code, stdout } = await command(file, "--only", "K-kv-", "--out", "report", "--seed=3");
    expect(stdout).toMatch(/^40 Key-value +\d+ passed$/m);
    expect(stdout).toMatch(/\d+ passed, 0 failed, 0 skipped\n$/);
    expect(code).toBe(0);
    expect((await readdir(join(folder, "report"))).sort()).toEqual([
      "conformance.json",
      "conformance.md",
      "conformance.svg",
    ]);
    const report = JSON.parse(await readFile(join(folder, "report/conformance.json"), "utf8")) as Report;
    expect(report).toMatchObject({ adapter: "good", only: "K-kv-", seed: 3, failed: 0 });
    expect(report.capabilities?.writers).toBe("process");
  });

  it("says what failed, how to run it alone, and exits with 1", async () => {
    const file = await moduleOf(
      "deaf",
      "export default (id: string) => ({ ...adapter(at(id)), get: async () => undefined });",
    );
    const { code, stdout } = await command(file, "--only", "K-adapter-round-trip");
    expect(stdout).toMatch(/FAILED 96\.2 K-adapter-round-trip\n {2}get gives back the JSON that was put\n/);
    expect(stdout).toMatch(
      /alone: npx @cuitty\/persist-testkit \S+deaf\.mts --only K-adapter-round-trip --seed -?\d+\n/,
    );
    expect(stdout).toMatch(/0 passed, 1 failed, 0 skipped\n$/);
    expect(code).toBe(1);
  });

  it("says what was skipped, and why", async () => {
    const file = await moduleOf("fresh-run", "export default () => adapter(new Map());");
    const { code, stdout } = await command(file, "--only", "K-open-");
    expect(stdout).toContain("skipped: the harness cannot open the same data again\n");
    expect(stdout).toMatch(/0 failed, \d+ skipped\n$/);
    expect(code).toBe(0);
  });

  it("exits with 2 where it cannot be made", async () => {
    const file = await moduleOf("unasked", "export default () => adapter(new Map());");
    expect(await command(file, "--only", "K-nothing")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no clause"),
    });
    expect(await command()).toMatchObject({ code: 2, stderr: expect.stringContaining("usage") });
  });
});
