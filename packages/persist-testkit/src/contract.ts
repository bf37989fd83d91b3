/** The contract as a document has it: sections, and in each its promises, numbered in the order of their clauses. */
import type { Clause } from "./clause.ts";
import { chapters } from "./contents.ts";

export interface Section {
  /** That of the chapter's file: `28`, `97.1`. It stays when others are added. */
  readonly number: string;
  /** Number and title. */
  readonly heading: string;
  readonly promises: readonly ContractPromise[];
}

export interface ContractPromise {
  /** `28.3`. */
  readonly number: string;
  readonly text: string;
  /** One; several where the promise is tried on several samples. */
  readonly clauses: readonly NumberedClause[];
}

export interface NumberedClause {
  /** That of its promise, and with several samples its own after it: `28.3.2`. */
  readonly number: string;
  readonly clause: Clause;
}

export const contract: readonly Section[] = chapters.map(({ section, title, clauses }) => ({
  number: section,
  heading: `${section} ${title}`,
  promises: [...Map.groupBy(clauses, ({ promise }) => promise)].map(([text, own], i) => {
    const number = `${section}.${i + 1}`;
    const isAlone = own.length === 1;
    return {
      number,
      text,
      clauses: own.map((clause, n) => ({ number: isAlone ? number : `${number}.${n + 1}`, clause })),
    };
  }),
}));

/** Sections with those of their clauses that were asked for: by the beginning of their keys (`K-list`), or by number (`28`, `28.3`, `28.3.2`). */
export function selectClauses(
  only: string,
): { readonly section: Section; readonly clauses: readonly NumberedClause[] }[] {
  const isWanted = ({ number, clause }: NumberedClause) =>
    /^\d/.test(only) ? `${number}.`.startsWith(`${only}.`) : clause.key.startsWith(only);
  return contract.flatMap((section) => {
    const clauses = section.promises.flatMap((promise) => promise.clauses.filter(isWanted));
    return clauses.length === 0 ? [] : [{ section, clauses }];
  });
}
