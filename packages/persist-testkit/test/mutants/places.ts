// Stores as wholes.
import { memory } from "@cuitty/persist-core";
import { bareAdapter } from "../harnesses.ts";
import { engineMutant, harnessOf, type Mutant } from "./mutant.ts";

export const places: readonly Mutant[] = [
  engineMutant("shares one scope among all namespaces", ["K-scope-two", "K-scope-none"], () => ({}), {
    scope: ({ name }) => ({ name, namespace: "" }),
  }),
  {
    name: "keeps nothing",
    base: "memory",
    clauses: ["K-open-again", "K-adapter-reopened", "K-events-again-reopened"],
    model: "K-model-all",
    create: () => ({ name: "keeps nothing", open: async () => memory() }),
  },
  {
    name: "throws errors of its own",
    base: "four methods",
    clauses: ["K-records-missing"],
    create: () =>
      harnessOf("throws errors of its own", () => ({
        ...bareAdapter(new Map()),
        async get() {
          throw new TypeError("cannot read properties of undefined");
        },
      })),
  },
];
