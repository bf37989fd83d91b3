/** What networks tell each other over a link: the owner's statements, as JSON after one byte that says so. */
import { mostStatementLength } from "./membership/statements.ts";

const mark = 1;
/** Well within a frame. */
const mostInOne = 500;

export function rosterNews(statements: readonly string[]): readonly Uint8Array[] {
  const pages = Math.ceil(statements.length / mostInOne);
  return Array.from({ length: pages }, (_, page) => {
    const told = statements.slice(page * mostInOne, (page + 1) * mostInOne);
    return Buffer.concat([Uint8Array.of(mark), Buffer.from(JSON.stringify(told))]);
  });
}

/** `undefined` where it is something else. */
export function readRosterNews(payload: Uint8Array): readonly unknown[] | undefined {
  if (payload[0] !== mark || payload.length > mostInOne * (mostStatementLength + 3)) return undefined;
  try {
    const said: unknown = JSON.parse(Buffer.from(payload.subarray(1)).toString());
    return Array.isArray(said) && said.length <= mostInOne ? said : undefined;
  } catch {
    return undefined;
  }
}
