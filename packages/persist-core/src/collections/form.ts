/** What documents are on their way in and out: as they are, or as a collection has them. */
import type { Call } from "../calls.ts";
import { decode } from "../codec.ts";
import type { MaybePromise, Row } from "../contract.ts";

/** In a box, since a value that is a promise is none to wait for. */
export interface Accepted {
  readonly value: unknown;
}

export interface Form {
  /** How concurrent updates meet on a backend that merges. */
  readonly merge: "deep" | "fields";
  /** What to store for the value that a user gives. `key` names it in messages. */
  accept(value: unknown, key: string, call: Call): MaybePromise<Accepted>;
  /** What to show for the document that is stored in the row. */
  show(document: unknown, row: Row): unknown;
  /** When a document expires where nothing is said; `undefined`: never. */
  initialExpiry(now: number): number | undefined;
}

export const plain: Form = {
  merge: "deep",
  accept: (value) => ({ value }),
  show: (document) => document,
  initialExpiry: () => undefined,
};

export function shownValue(form: Form, row: Row): unknown {
  return form.show(decode(row.value), row);
}
