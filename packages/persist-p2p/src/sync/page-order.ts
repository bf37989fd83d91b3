import { type Page, Violation } from "./messages.ts";

/** Throws {@link Violation} unless the commits of a page come after `last`, one after another, and up to the place of the page. */
export function requireOrder({ entries, place, head }: Page, last: number): void {
  let before = last;
  for (const entry of entries) {
    if (entry.place === 0) continue; // what follows completes it
    if (entry.place <= before) throw new Violation("places out of order");
    before = entry.place;
  }
  if (place < before || head < place) throw new Violation("places out of order");
}
