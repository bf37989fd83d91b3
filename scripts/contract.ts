// `npm run contract`: gathers the conformance kit's files of clauses into its table of contents, src/contents.ts, writes what they promise into
// CONTRACT.md, and links the clauses that the documentation names to their numbers. A test fails while any of them says something else than the clauses.
import { glob, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContractPromise, Section } from "../packages/persist-testkit/src/contract.ts";

const kit = join(import.meta.dirname, "../packages/persist-testkit");
export const contentsFile: string = join(kit, "src/contents.ts");
export const contractFile: string = join(kit, "CONTRACT.md");

/** The module that lists all chapters, in the order of their files. */
export async function contentsModule(): Promise<string> {
  const files = (await Array.fromAsync(glob("*.ts", { cwd: join(kit, "src/clauses") }))).sort();
  const chapters: { name: string; file: string }[] = [];
  for (const file of files) {
    const source = await readFile(join(kit, "src/clauses", file), "utf8");
    const [, name] = /^export const (\w+): Chapter = /m.exec(source) ?? [];
    if (name === undefined) throw new Error(`${file} exports no chapter (export const name: Chapter = { … })`);
    chapters.push({ name, file });
  }
  return [
    "/** The table of contents of the contract: the chapters in the order of their files. Written by `npm run contract`. */",
    'import type { Chapter } from "./clause.ts";',
    ...chapters.map(({ name, file }) => `import { ${name} } from "./clauses/${file}";`),
    "",
    "export const chapters: readonly Chapter[] = [",
    ...chapters.map(({ name }) => `  ${name},`),
    "];",
    "",
  ].join("\n");
}

/** Pages that name clauses. Where keys are shown, the clause's key stands beside its number. */
export const linkedPages: readonly { file: string; showsKeys: boolean }[] = [
  { file: join(import.meta.dirname, "../docs/divergences.md"), showsKeys: true },
  { file: join(import.meta.dirname, "../docs/semantics.md"), showsKeys: false },
];

const introduction = `# The contract

What Persist promises on every backend, one sentence each. Every promise is a clause of the [conformance kit](README.md), which each adapter has to pass; where several values,
operations or facades stand behind one sentence, each is a clause of its own.

A clause is named by its key, which never changes: reports and \`knownGaps\` refer to it, and \`--only\` takes it. Its number is its place on this page, and moves when promises
are added before it in its section.

This page is made from the clauses by \`npm run contract\`.
`;

/** CONTRACT.md. */
export function contractPage(contract: readonly Section[]): string {
  const contents = contract.map((section) => `- [${section.heading}](#${anchorOf(section.heading)})`);
  return [
    introduction,
    ...contents,
    ...contract.map((section) => `\n## ${section.heading}\n\n${section.promises.map(toItem).join("\n")}`),
    "",
  ].join("\n");
}

/** As GitHub makes it of a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}

function toItem({ number, text, clauses }: ContractPromise): string {
  const [first] = clauses;
  if (clauses.length === 1) return `- **${number}** ${toText(text)}. \`${first?.clause.key}\``;
  const samples = clauses.map(
    ({ clause }, i) => `  ${i + 1}. \`${clause.key}\` ${toText(clause.sample ?? clause.title)}`,
  );
  return [
    `- **${number}** ${toText(text)}.`,
    `  <details><summary>${clauses.length} clauses</summary>`,
    "",
    ...samples,
    "",
    "  </details>",
  ].join("\n");
}

/** Keeps Markdown from taking characters for its own, outside of code and of words. */
function toText(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(/[\\*<>[\]&~]|\b_|_\b|(?<=_)_/g, "\\$&")))
    .join("");
}

/** The page with a link to the contract for each clause that it names, under the number that the clause has now. Throws where there is no such clause. */
export function linkClauses(page: string, contract: readonly Section[], showsKeys: boolean): string {
  const places = new Map(
    contract.flatMap(({ heading, promises }) =>
      promises.flatMap(({ number, clauses }) =>
        clauses.map(({ clause }) => [clause.key, { number, heading }] as const),
      ),
    ),
  );
  // Linked already (its key is the link's title), or named only.
  return page.replaceAll(
    /\[[\d.]+(?: `[^`]+`)?\]\([^)"]* "(K-[a-z0-9-]+)"\)|\b(K-[a-z0-9-]+)\b/g,
    (_, linked?: string, named?: string) => {
      const key = linked ?? named ?? "";
      const place = places.get(key);
      if (place === undefined) throw new Error(`there is no clause ${key}`);
      const text = showsKeys ? `${place.number} \`${key}\`` : place.number;
      return `[${text}](../packages/persist-testkit/CONTRACT.md#${anchorOf(place.heading)} "${key}")`;
    },
  );
}

if (import.meta.main) {
  await writeFile(contentsFile, await contentsModule());
  // Only now, because it imports what was just written.
  const { contract } = await import("../packages/persist-testkit/src/contract.ts");
  await writeFile(contractFile, contractPage(contract));
  for (const { file, showsKeys } of linkedPages) {
    await writeFile(file, linkClauses(await readFile(file, "utf8"), contract, showsKeys));
  }
}
