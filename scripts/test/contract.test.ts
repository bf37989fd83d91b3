import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { contract, selectClauses } from "../../packages/persist-testkit/src/contract.ts";
import { contentsFile, contentsModule, contractFile, contractPage, linkClauses, linkedPages } from "../contract.ts";

it("CONTRACT.md and the table of contents say what the clauses say (npm run contract writes both)", async () => {
  expect(await readFile(contentsFile, "utf8")).toBe(await contentsModule());
  expect(await readFile(contractFile, "utf8")).toBe(contractPage(contract));
});

it("the documentation names clauses that there are, by the numbers they have (npm run contract mends them)", async () => {
  for (const { file, showsKeys } of linkedPages) {
    const text = await readFile(file, "utf8");
    expect(linkClauses(text, contract, showsKeys)).toBe(text);
    expect(text).toMatch(/\(\S+CONTRACT\.md#10-keys "K-key-/);
  }
  expect(() => linkClauses("as K-no-such has it", contract, true)).toThrow("there is no clause K-no-such");
});

it("every chapter has the number of its file", async () => {
  const files = [...(await contentsModule()).matchAll(/clauses\/(\d+)-(?:engine-(\d+)-)?/g)];
  const numbers = files.map(([, number, part]) => (part === undefined ? number : `${number}.${part}`));
  expect(contract.map(({ number }) => number)).toEqual(numbers);
});

it("clauses that share a promise name their samples, and no two the same", () => {
  for (const { promises } of contract) {
    for (const { text, clauses } of promises.filter(({ clauses }) => clauses.length > 1)) {
      const samples = clauses.map(({ clause }) => clause.sample);
      expect(new Set(samples).size, text).toBe(samples.length);
      expect(samples, text).not.toContain(undefined);
    }
  }
});

it("clauses are found by the beginning of a key, and by number", () => {
  const keysOf = (only: string) =>
    selectClauses(only).flatMap(({ clauses }) => clauses.map(({ clause }) => clause.key));
  const [first] = contract;
  const keys = first?.promises.map(({ clauses }) => clauses.map(({ clause }) => clause.key)) ?? [];
  expect(keysOf("10")).toEqual(keys.flat());
  expect(keysOf("10.1")).toEqual(keys[0]);
  expect(keysOf("10.1.2")).toEqual([keys[0]?.[1]]);
  expect(keysOf("K-key-all-at-once")).toEqual(["K-key-all-at-once"]);
  expect(keysOf("1")).toEqual([]);
});
