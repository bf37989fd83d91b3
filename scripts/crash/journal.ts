/**
 * What a writer tells while it works, one JSON line each, on a pipe of its own. Lines are written synchronously: what a process has said before it was killed can still be
 * read afterwards, and it never says anything too late.
 */
import { writeSync } from "node:fs";
import type { Readable } from "node:stream";
import type { Answer } from "./perform.ts";

export type Message =
  /** All code is loaded. */
  | readonly ["ready"]
  /** The store is open. */
  | readonly ["open"]
  /** From now on the operation may be in effect. */
  | readonly ["start", operation: string]
  /** The store has said that it is. */
  | readonly ["done", operation: string, answers: readonly Answer[]]
  /** The backend could not be reached, and the store has said that the operation is not in effect. */
  | readonly ["undone", operation: string, error: string]
  /** The same, and whether it is in effect is unknown. */
  | readonly ["unknown", operation: string, error: string]
  /** Something went wrong that should not have. */
  | readonly ["failed", operation: string, error: string];

/** The writer's file descriptor, after stdin, stdout and stderr. */
export const journalDescriptor = 3;

export function tell(...message: Message): void {
  writeSync(journalDescriptor, `${JSON.stringify(message)}\n`);
}

/** Resolves at the journal's end. A last line that was cut off by the kill was never said. */
export async function readJournal(journal: Readable, onMessage: (message: Message) => void): Promise<void> {
  let rest = "";
  journal.setEncoding("utf8");
  for await (const text of journal) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onMessage(JSON.parse(line));
  }
}
