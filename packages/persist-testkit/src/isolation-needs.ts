/** Ends clauses that need more of `capabilities.isolation` than there is. */
import type { Store } from "@cuitty/persist-core";
import type { Context } from "./context.ts";

/** Not on replicas, which judge by what they have heard. */
export function needExactKeys(t: Context, { capabilities }: Store): void {
  if (capabilities.isolation === "local") t.absent('isolation is "local"');
}

export function needSerializable(t: Context, { capabilities }: Store): void {
  if (capabilities.isolation !== "serializable") t.absent(`isolation is "${capabilities.isolation}"`);
}
