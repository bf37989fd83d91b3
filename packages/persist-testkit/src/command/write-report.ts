import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toBadge } from "../badge.ts";
import { toMarkdown } from "../markdown.ts";
import type { Report } from "../report.ts";

/** Writes the report as JSON, page and badge. Answers the files. */
export async function writeReport(report: Report, folder: string): Promise<string[]> {
  const files = {
    "conformance.json": `${JSON.stringify(report, undefined, 2)}\n`,
    "conformance.md": toMarkdown(report),
    "conformance.svg": toBadge(report),
  };
  await mkdir(folder, { recursive: true });
  return Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    }),
  );
}
