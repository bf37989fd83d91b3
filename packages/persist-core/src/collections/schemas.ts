/** Standard Schema, of whichever library. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Call, guard } from "../calls.ts";
import type { MaybePromise } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Accepted } from "./form.ts";

/** Throws INVALID_ARGUMENT unless it is a schema. */
export function checkSchema(schema: unknown): asserts schema is StandardSchemaV1 {
  // Schemas of some libraries are functions.
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  if (isObject && typeof (schema as Partial<StandardSchemaV1>)["~standard"]?.validate === "function") return;
  throw new PersistError(
    "INVALID_ARGUMENT",
    'records.collection: schema must be a Standard Schema, such as those of zod, valibot and arktype: it has a property "~standard" with a function "validate".',
  );
}

/** What the schema makes of the value. Throws VALIDATION. */
export function validate(schema: StandardSchemaV1, value: unknown, key: string, call: Call): MaybePromise<Accepted> {
  const result = schema["~standard"].validate(value);
  if (!(result instanceof Promise)) return outcome(result, key, call);
  return guard(result, call, () => ({ outcome: "not-applied" })).then((settled) => outcome(settled, key, call));
}

function outcome(result: StandardSchemaV1.Result<unknown>, key: string, call: Call): Accepted {
  if (result.issues === undefined) return { value: result.value };
  const issues = result.issues.map(({ message, path = [] }) => {
    const place = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  });
  throw new PersistError(
    "VALIDATION",
    `${call.operation}: the schema of the collection refused the value for "${key}": ${issues.join("; ")}. Nothing was written.`,
    { operation: call.operation, key, cause: result.issues },
  );
}
