import { type Engine, memory, type Scope } from "@cuitty/persist-core";
import { certify, type Harness, testAdapter, toBadge, toMarkdown } from "@cuitty/persist-testkit";
import { describe, expect, it } from "vitest";
import { chapters } from "../src/contents.ts";
import { memoryHarness } from "./harnesses.ts";
import { mutants } from "./mutants/all.ts";

const clauses = chapters.flatMap((chapter) => chapter.clauses);

describe("the clauses", () => {
  it("have keys of their own, in one form", () => {
    const keys = clauses.map(({ key }) => key);
    expect(keys.filter((key) => !/^K-[a-z0-9]+(-[a-z0-9]+)*$/.test(key))).toEqual([]);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it("have a sentence each", () => {
    const titles = clauses.filter(({ title }) => title.length < 10 || title.length > 200 || title.endsWith("."));
    expect(titles.map(({ key }) => key)).toEqual([]);
  });
});

describe("certify", () => {
  const only = "K-kv-missing";

  it("reports each clause, counted by status", async () => {
    const report = await certify(memoryHarness(), { only: "K-blobs-url" });
    expect(report).toMatchObject({ adapter: "memory", passed: 1, failed: 0, absent: 1, skipped: 0, gaps: 0 });
    const place = {
      number: expect.stringMatching(/^58\.\d+$/),
      section: "58 Links to blobs",
      title: expect.any(String),
    };
    expect(report.clauses).toEqual([
      { key: "K-blobs-url-absent", ...place, status: "passed" },
      { key: "K-blobs-url", ...place, status: "absent", detail: "signedUrls is absent" },
    ]);
  });

  it("finds the same failure again with the same seed", async () => {
    const mutant = mutants.find(({ name }) => name === "folds case");
    const run = async (seed: number) =>
      (await certify(mutant?.create() as Harness, { only: "K-model-kv", seed })).clauses[0]?.detail;
    const detail = await run(42);
    expect(detail).toContain("seed 42");
    expect(await run(42)).toBe(detail);
  });

  it("counts a known gap that fails as a gap", async () => {
    const harness = { ...broken(), knownGaps: ["K-kv-missing"] };
    const report = await certify(harness, { only });
    expect(report).toMatchObject({ passed: 0, failed: 0, gaps: 1 });
    expect(report.clauses[0]).toMatchObject({ status: "gap", detail: expect.stringContaining("out of order") });
  });

  it("fails a known gap that passes", async () => {
    const report = await certify({ ...memoryHarness(), knownGaps: [only] }, { only });
    expect(report.clauses).toMatchObject([
      { key: only, status: "failed", detail: expect.stringContaining("remove it") },
    ]);
  });

  it("fails a known gap that is skipped", async () => {
    const report = await certify({ ...memoryHarness(), knownGaps: ["K-crash"] }, { only: "K-crash" });
    expect(report.clauses).toMatchObject([{ key: "K-crash", status: "failed" }]);
  });

  it("fails a known gap that there is not", async () => {
    const report = await certify({ ...memoryHarness(), knownGaps: ["K-no-such"] }, { only });
    expect(report.clauses).toMatchObject([
      { key: "K-no-such", status: "failed" },
      { key: only, status: "passed" },
    ]);
  });

  it("ends and frees whatever it has opened, also where clauses fail", async () => {
    const open = new Map<string, number>();
    const destroyed: string[] = [];
    const states = new Map<string, ReturnType<typeof memory>>();
    const harness: Harness = {
      name: "counted",
      async open(id) {
        const adapter = states.get(id) ?? memory();
        states.set(id, adapter);
        open.set(id, (open.get(id) ?? 0) + 1);
        return { ...adapter, close: async () => void open.set(id, (open.get(id) ?? 0) - 1) };
      },
      async destroy(id) {
        expect(open.get(id), id).toBe(0);
        destroyed.push(id);
      },
    };
    await certify(harness, { only: "K-open" });
    await certify(
      {
        ...harness,
        open: async (id) => ({ ...(await harness.open(id)), engine: () => Promise.reject(new Error("no")) }),
      },
      { only: "K-open" },
    );
    expect([...open.values()].filter((count) => count !== 0)).toEqual([]);
    expect(destroyed.sort()).toEqual([...open.keys()].sort());
  });

  it("refuses options that are not right", async () => {
    const refusal = (o: object) => certify(memoryHarness(), o).catch((error: Error) => error.message);
    expect(await refusal({ onlly: "K-kv" })).toBe('certify has no option "onlly". Did you mean "only"?');
    expect(await refusal({ only: "K-none" })).toContain("no clause has a key that starts with");
    expect(await refusal({ seed: 1.5 })).toContain("seed is an integer");
    expect(await refusal({ budget: "huge" })).toContain("budget is one of quick, full, soak");
  });

  it("opens each place once where the harness cannot open it again, and skips what needs more", async () => {
    const opened: string[] = [];
    const harness: Harness = {
      name: "once",
      reopens: false,
      async open(id) {
        opened.push(id);
        return memory();
      },
    };
    const statusOf = async (only: string) => (await certify(harness, { only })).clauses.map(({ status }) => status);
    expect(await statusOf("K-model-kv")).toEqual(["passed"]);
    expect(await statusOf("K-model-all")).toEqual(["skipped"]);
    expect(await statusOf("K-open-again-deleted")).toEqual(["skipped"]);
    expect(new Set(opened).size).toBe(opened.length);
  });

  it("says where an error came from that is not its own", async () => {
    const report = await certify(broken(), { only });
    expect(report.clauses[0]?.detail).toMatch(/out of order[\s\S]+ at /);
  });
});

describe("testAdapter", () => {
  /** Declares and runs with a runner that has nothing but `describe` and `it`. */
  async function run(harness: Harness, context?: unknown) {
    const tests: { name: string; body: (...context: unknown[]) => Promise<void> }[] = [];
    const suites: string[] = [];
    testAdapter(
      harness,
      {
        describe(name, body) {
          suites.push(name);
          body();
        },
        it: (name, body) => void tests.push({ name, body }),
      },
      { only: "K-blobs-url", seed: 7 },
    );
    const results: string[] = [];
    for (const { name, body } of tests) {
      expect(body.length).toBe(0);
      const result = await body(context).then(
        () => "passed",
        (error: Error) => error.message,
      );
      results.push(`${name.split(" ")[0]}: ${result}`);
    }
    return { suites, results };
  }

  it("declares a suite for each chapter and a test for each clause", async () => {
    const { suites, results } = await run(memoryHarness());
    expect(suites).toEqual(["memory keeps the contract (seed 7)", "58 Links to blobs"]);
    expect(results).toEqual(["K-blobs-url-absent: passed", "K-blobs-url: passed"]);
  });

  it.each(["K-peers-meet", "K-peers-random"])("passes over %s where there are no peers to keep apart", async (only) => {
    const statusOf = async (harness: Harness) => (await certify(harness, { only })).clauses.map(({ status }) => status);
    expect(await statusOf(memoryHarness())).toEqual(["absent"]);
    expect(await statusOf({ ...memoryHarness(), peers: true })).toEqual(["skipped"]);
  });

  it("tells the runner what is absent or skipped, where it can be told", async () => {
    const skipped: string[] = [];
    await run(memoryHarness(), { skip: (reason: string) => skipped.push(reason) });
    expect(skipped).toEqual(["signedUrls is absent"]);
  });

  it("fails for known gaps that are out of date", async () => {
    const { results } = await run({ ...memoryHarness(), knownGaps: ["K-blobs-url-absent", "K-no-such"] });
    expect(results).toEqual([
      "K-no-such: There is no clause K-no-such: remove it from knownGaps.",
      expect.stringMatching(/^K-blobs-url-absent: .*remove it/),
      "K-blobs-url: passed",
    ]);
  });
});

describe("toMarkdown", () => {
  it("is a page with a matrix of sections, the capabilities, and a table of what did not simply pass", async () => {
    const page = toMarkdown(await certify(memoryHarness(), { only: "K-blobs-url", seed: 1 }));
    expect(page.split("\n")).toEqual([
      "# Conformance of memory",
      "",
      "memory keeps this part of the contract of Persist: only K-blobs-url.",
      "",
      "1 passed, 0 failed, 1 absent, 0 skipped, 0 known gaps (seed 1, budget quick).",
      "",
      "| section | passed | failed | absent | skipped | gap |",
      "|---|---|---|---|---|---|",
      "| 58 Links to blobs | 1 | 0 | 1 | 0 | 0 |",
      "| all | 1 | 0 | 1 | 0 | 0 |",
      "",
      "## Capabilities",
      "",
      "| | |",
      "|---|---|",
      ...["transactions", "conditions", "watch", "indexes"].map((name) => expect.stringMatching(`^\\| ${name} \\| `)),
      "| signedUrls | absent |",
      "| blobSnapshots | native |",
      "| blobConditions | native |",
      expect.stringMatching(/^\| expectedVersion \| /),
      "| order | total |",
      "| isolation | serializable |",
      ...["writers", "consistency", "durability"].map((name) => expect.stringMatching(`^\\| ${name} \\| `)),
      "| keyBytes | 512 |",
      ...["valueBytes", "commitOps", "commitBytes", "blobBytes"].map((name) =>
        expect.stringMatching(`^\\| ${name} \\| `),
      ),
      "",
      "## What has not passed",
      "",
      "| number | clause | status | promise | detail |",
      "|---|---|---|---|---|",
      expect.stringMatching(
        /^\| 58\.\d+ \| `K-blobs-url` \| absent \| A link gives the content and its type without this store \| signedUrls is absent \|$/,
      ),
      "",
    ]);
  });
});

describe("toBadge", () => {
  const shown = async (harness: Harness, only: string) =>
    /<title>(.*)<\/title>/.exec(toBadge(await certify(harness, { only })))?.[1];

  it("says what was found, and does not take a part for all", async () => {
    expect(await shown(memoryHarness(), "K-kv-missing")).toBe("persist contract: 1 passed of a part");
    expect(await shown(broken(), "K-kv-missing")).toBe("persist contract: 1 failed");
    expect(await shown({ ...broken(), knownGaps: ["K-kv-missing"] }, "K-kv-m")).toBe("persist contract: 1 known gap");
    const whole = { ...(await certify(memoryHarness(), { only: "K-kv-missing" })), only: "" };
    expect(toBadge(whole)).toContain("persist contract: 1 passed<");
  });
});

/** An adapter whose every read is out of order. */
function broken(): Harness {
  return {
    name: "broken",
    async open() {
      const adapter = memory();
      const engine = async (scope: Scope): Promise<Engine> => ({
        ...((await adapter.engine?.(scope)) as Engine),
        read() {
          throw new TypeError("out of order");
        },
      });
      return { ...adapter, engine };
    },
  };
}
