/** Hits in the order of keys, by looking at each row of the range. */
import type { Place } from "./order.ts";
import { type Finding, hitsOf, type Reading } from "./reading.ts";

export async function* findByKey(reading: Reading, from: Place | undefined): Finding {
  const { range, where, order } = reading.query;
  // Nobody knows how many rows are looked at for one hit.
  const filters = where !== undefined || order.paths.length > 0;
  let after = from?.key;
  for (let more = true; more; ) {
    const part = range.page(after, filters ? range.batchSize : Math.min(reading.wanted, range.batchSize), false);
    const page = await (filters ? reading.scanAtMost(part) : reading.scan(part));
    more = page.more;
    after = page.rows.at(-1)?.key ?? after;
    yield { hits: hitsOf(reading, page.rows), more };
  }
}
