/** For clauses that open a place a second time, which may be another peer. */
import type { Store } from "@cuitty/persist-core";
import type { Context } from "./context.ts";
import type { Place } from "./place.ts";

/** Ends clauses about what each peer keeps for itself, where the second one has a copy of its own. */
export function needOneCopy(t: Context, what: string): void {
  if (t.harness.peers === true) t.absent(`${what} belong to each peer`);
}

/** Where what one has written takes time to come to the other. */
export async function arrive(place: Place, { capabilities }: Store): Promise<void> {
  if (capabilities.consistency === "causal") await place.settle();
}
