import { parseArgs } from "node:util";
import type { Budget } from "../harness.ts";

export interface CommandArguments {
  /** The module that exports the harness or the factory. */
  readonly file: string;
  readonly only: string;
  readonly seed: number | undefined;
  readonly budget: Budget;
  /** Where the report is written; `undefined`: nowhere. */
  readonly out: string | undefined;
}

export const usage = `usage: persist-testkit ./my-adapter.ts [--only K-… | 28.3] [--seed N] [--budget quick|full|soak] [--out folder]

Runs the conformance kit of Persist against the module's default export (or its export named harness): a Harness, or a function that makes an
adapter. Writes conformance.json, conformance.md and conformance.svg into the folder (default: where it is run; with --only, nowhere).
Exit code: 0 all kept, 1 something failed, 2 it could not be run.`;

const budgets: readonly Budget[] = ["quick", "full", "soak"];

/** The command line as the command understands it, or "help". Throws an Error that says what is wrong with it, and how to use it. */
export function readArguments(args: readonly string[]): CommandArguments | "help" {
  try {
    return parse(args);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function parse(args: readonly string[]): CommandArguments | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string", default: "" },
      seed: { type: "string" },
      budget: { type: "string", default: "quick" },
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error("It takes the path of one module.");
  const budget = budgets.find((one) => one === values.budget);
  if (budget === undefined) throw new Error(`--budget is one of ${budgets.join(", ")}, not ${values.budget}.`);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw new Error(`--seed is an integer, not ${values.seed}.`);
  return { file, only: values.only, seed, budget, out: values.out ?? (values.only === "" ? "." : undefined) };
}
