// What becomes of values.
import { changingOps, engineMutant, type Mutant } from "./mutant.ts";

/** The texts of values, as they are stored. */
const changingValues = (change: (text: string) => string) =>
  changingOps((op) => (op.op === "put" && op.space !== "blobs" ? { ...op, value: change(op.value) } : op));

export const values: readonly Mutant[] = [
  engineMutant(
    "loses the sign of zero",
    ["K-value-negative-zero"],
    changingOps((op) => (op.op === "put" ? { ...op, value: op.value.replaceAll('{"$n":"-0"}', "0") } : op)),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "sorts the properties of objects, as jsonb does",
    ["K-value-key-order", "K-engine-values-opaque"],
    changingOps((op) => (op.op === "put" && op.space !== "blobs" ? { ...op, value: sorted(op.value) } : op)),
    { model: "K-model-records" },
  ),
  engineMutant(
    "cuts texts at NUL",
    ["K-value-nul-text"],
    changingOps((op) => (op.op === "put" ? { ...op, value: op.value.replaceAll("\\u0000", "") } : op)),
  ),
  engineMutant(
    "takes texts that look like numbers for numbers",
    ["K-value-text-42", "K-value-bigint"],
    changingValues((text) => text.replaceAll(/"(-?[1-9]\d*)"(?!:)/g, "$1")),
  ),
  engineMutant(
    "replaces lone surrogates",
    ["K-value-surrogate", "K-value-surrogates-swapped"],
    changingValues((text) => text.replaceAll(/\\ud[89a-f][0-9a-f]{2}/gi, "\ufffd")),
  ),
  engineMutant(
    "rounds numbers to fifteen digits",
    ["K-value-fraction"],
    changingValues((text) =>
      text.replaceAll(/(?<=[:[,]|^)-?\d+\.\d+(?=[,}\]]|$)/g, (n) => String(Number(Number(n).toPrecision(15)))),
    ),
  ),
];

/** The JSON with the properties of all objects in alphabetical order. */
function sorted(text: string): string {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, item]) => [key, sort(item)]));
  };
  try {
    return JSON.stringify(sort(JSON.parse(text)));
  } catch {
    return text;
  }
}
