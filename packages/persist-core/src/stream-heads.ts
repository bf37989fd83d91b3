/** What the head of a stream means, the same in every engine. */
import type { ExpectedVersion, StreamHead } from "./contract.ts";

type Extent = Pick<StreamHead, "version" | "first">;

/** The version of the first event that was not erased; the next version where there is none. */
export function firstOf(head: Extent | undefined): number {
  return head?.first ?? 1;
}

/** Whether the stream has an event that was not erased. */
export function hasEvents(head: Extent | undefined): boolean {
  return head !== undefined && firstOf(head) <= head.version;
}

export function isExpected(expected: ExpectedVersion, head: Extent | undefined): boolean {
  if (expected === undefined) return true;
  if (expected === "exists") return hasEvents(head);
  return expected === 0 ? !hasEvents(head) : expected === head?.version;
}

/** The version of the stream's row: another one after each write, because the two numbers only grow. */
export function rowVersionOf(head: Extent): string {
  return head.first === undefined ? String(head.version) : `${head.version}.${head.first}`;
}

/** The head as it is after an append or an erasure. */
export function streamHead(version: number, position: number, first: number, erased: boolean): StreamHead {
  return { version, position, ...(first === 1 ? {} : { first }), ...(erased ? { erased: true as const } : {}) };
}
