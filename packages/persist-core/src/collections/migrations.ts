/**
 * Versions of what a collection's documents look like. A document's stands at the end of its row's version, after `~`, so that it changes with the value and the document stays
 * what the user wrote. Where none stands it is the first.
 */
import type { Row } from "../contract.ts";
import { PersistError } from "../errors.ts";

/** By the version that each makes, out of the one before. */
export type Steps = Readonly<Record<number, (old: unknown) => unknown>>;

export interface Migration {
  readonly collection: string;
  readonly schemaVersion: number;
  readonly steps: Steps;
}

/** Throws INVALID_ARGUMENT where the options make no sense, MIGRATION where a step is missing. */
export function parseMigration(collection: string, schemaVersion: unknown = 1, migrate: unknown = {}): Migration {
  const what = `records.collection("${collection}")`;
  if (!Number.isSafeInteger(schemaVersion) || (schemaVersion as number) < 1) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${what}: schemaVersion must be a whole number of at least 1 (it was ${String(schemaVersion)}).`,
    );
  }
  const last = schemaVersion as number;
  if (typeof migrate !== "object" || migrate === null) {
    throw new PersistError("INVALID_ARGUMENT", `${what}: migrate must be an object of functions by version.`);
  }
  for (const [version, step] of Object.entries(migrate)) {
    if (typeof step !== "function") {
      throw new PersistError("INVALID_ARGUMENT", `${what}: migrate[${version}] must be a function.`);
    }
    if (/^[1-9]\d*$/.test(version) && Number(version) >= 2 && Number(version) <= last) continue;
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${what}: migrate[${version}] is never used. migrate[n] makes version n out of the one before, so n goes from 2 to the schemaVersion, which is ${last}.`,
    );
  }
  const steps = migrate as Steps;
  for (let version = 2; version <= last; version++) {
    if (Object.hasOwn(steps, version)) continue;
    throw new PersistError(
      "MIGRATION",
      `${what}: there is no migrate[${version}], which makes version ${version} out of version ${version - 1}. Add it: older documents may be there.`,
    );
  }
  return { collection, schemaVersion: last, steps };
}

/** What marks the row's version as one of a document in its present form. */
export function versionSuffix({ schemaVersion }: Migration): string {
  return schemaVersion === 1 ? "" : `~${schemaVersion}`;
}

function versionOf({ version }: Row): number {
  // Most have none: looking for the mark costs less than matching the whole.
  return Number((version.includes("~") ? /~(\d+)$/.exec(version)?.[1] : undefined) ?? 1);
}

/** The document in its present form. Throws MIGRATION. */
export function migrateDocument({ collection, schemaVersion, steps }: Migration, document: unknown, row: Row): unknown {
  let version = versionOf(row);
  if (version === schemaVersion) return document;
  const record = `The record "${row.key}" of the collection "${collection}"`;
  if (version > schemaVersion) {
    throw new PersistError(
      "MIGRATION",
      `${record} was written with schemaVersion ${version}, and this program knows ${schemaVersion}. Run the newer program, or read it by store.records.`,
      { key: row.key },
    );
  }
  let present = document;
  while (version < schemaVersion) {
    version++;
    try {
      present = (steps[version] as Steps[number])(present);
      if (present instanceof Promise) throw new TypeError("a migration must not be async");
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PersistError("MIGRATION", `${record} could not be migrated: migrate[${version}] failed: ${reason}.`, {
        key: row.key,
        cause,
      });
    }
  }
  return present;
}
