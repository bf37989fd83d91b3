/** How far the walk through a collection has come that gives each of its records its index entries: a row of `system` while there is something to build. */
import type { DeleteOp, IfVersion, PutOp, Row } from "../contract.ts";

export function walkKey(collection: string): string {
  return `indexes/${collection}`;
}

/** `after`: the last key whose record has its entries; `undefined`: none yet. */
export function walkPut(collection: string, after: string | undefined, version: string, ifVersion?: IfVersion): PutOp {
  return {
    op: "put",
    space: "system",
    key: walkKey(collection),
    value: JSON.stringify({ after }),
    version,
    ifVersion,
  };
}

export function walkEnd(collection: string, version: string, ifVersion: string): DeleteOp {
  return { op: "delete", space: "system", key: walkKey(collection), version, ifVersion };
}

export function parseWalk({ value }: Row): { readonly after?: string } {
  return JSON.parse(value);
}
