/** Schemas by the standard, without a library. Its types are written out here: the kit needs nothing but core. */

export interface Person {
  name: string;
  visits: number;
}

export interface PersonInput {
  name: string;
  visits?: number;
}

interface Issue {
  readonly message: string;
  readonly path?: readonly (string | { readonly key: string })[];
}

type Result = { readonly value: Person; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

export interface PersonSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "kit";
    readonly validate: (value: unknown) => Result | Promise<Result>;
    readonly types?: { readonly input: PersonInput; readonly output: Person };
  };
}

/** A person with a name, which is trimmed, and a number of visits of at least 0, which is the default. */
export function personSchema({ isAsync = false }: { isAsync?: boolean } = {}): PersonSchema {
  const validate = isAsync ? async (value: unknown) => judge(value) : judge;
  return { "~standard": { version: 1, vendor: "kit", validate } };
}

function judge(value: unknown): Result {
  const { name, visits = 0 } = value as Record<string, unknown>;
  const issues: Issue[] = [];
  if (typeof name !== "string") issues.push({ message: "must be text", path: ["name"] });
  if (typeof visits !== "number" || visits < 0) {
    issues.push({ message: "must be a number of at least 0", path: [{ key: "visits" }] });
  }
  return issues.length > 0 ? { issues } : { value: { name: (name as string).trim(), visits: visits as number } };
}
