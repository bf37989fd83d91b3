// The kit on trial: it rejects each adapter that is wrong on purpose, by the clauses that docs/mutants.md lists.
import { certify, type Harness } from "@cuitty/persist-testkit";
import { afterAll, describe, expect, it } from "vitest";
import { chapters } from "../src/contents.ts";
import { liftHarness, memoryHarness, sqliteHarness } from "./harnesses.ts";
import { mutants } from "./mutants/all.ts";
import type { Base } from "./mutants/mutant.ts";
import { threePeers } from "./mutants/peers.ts";

const titles = new Map(chapters.flatMap(({ clauses }) => clauses.map(({ key, title }) => [key, title])));

const sqlite = sqliteHarness();
afterAll(() => sqlite.end());
afterAll(threePeers.end);
const bases: Readonly<Record<Base, () => Harness>> = {
  memory: memoryHarness,
  "four methods": () => liftHarness("ordered and batch"),
  sqlite: () => sqlite,
  peers: () => threePeers,
};

/** How this clause ends, without those whose keys only begin like its own. */
async function statusOf(key: string, harness: Harness) {
  const { clauses } = await certify(harness, { only: key, seed: 1 });
  return clauses.find((clause) => clause.key === key);
}

describe("an adapter that", () => {
  for (const { name, clauses, model, create } of mutants) {
    it(`${name} is rejected`, async () => {
      expect(clauses).not.toEqual([]);
      for (const key of clauses) expect(await statusOf(key, create()), key).toMatchObject({ status: "failed" });
      if (model === undefined) return;
      const found = await statusOf(model, create());
      expect(found).toMatchObject({ status: "failed" });
      expect(found?.detail).toMatch(/seed -?\d+, path "[\d:]+", after:\n {2}1\. /);
    }, 180_000); // a clause may wait for a third of a minute for what a mutant keeps from happening
  }
});

describe("what rejects them passes over", () => {
  for (const [base, create] of Object.entries(bases)) {
    const keys = new Set(mutants.filter((mutant) => mutant.base === base).flatMap(({ clauses }) => clauses));
    it(`${base}, ${keys.size} clauses`, async () => {
      for (const key of keys) expect(await statusOf(key, create()), key).toMatchObject({ status: "passed" });
    }, 120_000);
  }
});

it("each has a name of its own", () => {
  const names = mutants.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it("all of them are told about", async () => {
  const rows = mutants.map(({ name, base, clauses, model }) => {
    const told = [...clauses, ...(model === undefined ? [] : [model])];
    return `| ${base} | ${name} | ${told.map((key) => `\`${key}\``).join(", ")} |`;
  });
  const page = `# Adapters that are wrong on purpose

Each is an adapter of Persist with one mistake, such as have been seen in the wild. The conformance kit must reject each, and passes what the mistake was made in: this is how
it is known that the clauses can fail. The list is made by \`packages/persist-testkit/test/mutants.test.ts\`; \`vitest run -u\` renews it.

${mutants.length} adapters, rejected by at least these clauses:

| made of | an adapter that | is rejected by |
|---|---|---|
${rows.join("\n")}
`;
  for (const key of mutants.flatMap(({ clauses }) => clauses)) expect(titles.has(key), key).toBe(true);
  await expect(page).toMatchFileSnapshot("../../../docs/mutants.md");
});
