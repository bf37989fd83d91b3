/** What the server says of a commit. */
import type { Answer, CommitResult } from "@cuitty/persist-core";

/** What `commit_lists` says of one list. */
export function toResult(text: string, time: number): CommitResult | "aside" {
  const said = JSON.parse(text) as Answer[] | { conflict: number; index?: string } | { aside: true };
  if (Array.isArray(said)) return { outcome: "applied", time, answers: said };
  return "aside" in said ? "aside" : { outcome: "conflict", op: said.conflict, index: said.index };
}
