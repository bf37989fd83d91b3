/**
 * Whether a file is the one that was open here last: it and a note beside it count its openings. A file that was put back from a backup, or was copied, does not agree with its note: what it would write next under the
 * old name, others may know already as something else.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface OpeningNote {
  /** `undefined` where there is none. */
  read(): number | undefined;
  /** Durable when it returns. */
  write(openings: number): void;
}

export function openingNoteIn(folder: string): OpeningNote {
  const file = join(folder, "openings");
  return {
    read() {
      try {
        const openings = Number(readFileSync(file, "utf8"));
        return Number.isSafeInteger(openings) ? openings : undefined;
      } catch (error) {
        if ((error as { code?: string }).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write(openings) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, String(openings), { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
    },
  };
}
