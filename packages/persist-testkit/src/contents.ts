/** The table of contents of the contract. */
import type { Chapter } from "./clause.ts";
import { keys } from "./clauses/10-keys.ts";
import { order } from "./clauses/15-order.ts";
import { storedValues } from "./clauses/20-values.ts";
import { records } from "./clauses/30-records.ts";
import { kv } from "./clauses/40-kv.ts";
import { buckets } from "./clauses/42-buckets.ts";
import { expiry } from "./clauses/45-expiry.ts";
import { blobs } from "./clauses/50-blobs.ts";
import { events } from "./clauses/60-events.ts";
import { readingEvents } from "./clauses/62-reading-events.ts";
import { transactions } from "./clauses/70-transactions.ts";
import { isolation } from "./clauses/72-isolation.ts";
import { listings } from "./clauses/80-listings.ts";
import { conditions } from "./clauses/85-conditions.ts";
import { lifecycle } from "./clauses/90-lifecycle.ts";
import { badInput } from "./clauses/92-bad-input.ts";
import { wholeStore } from "./clauses/94-whole-store.ts";
import { scopes } from "./clauses/95-scopes.ts";
import { adapterMethods } from "./clauses/96-adapter.ts";
import { engineRows } from "./clauses/97-engine-1-rows.ts";
import { engineCommits } from "./clauses/97-engine-2-commits.ts";
import { engineIndexes } from "./clauses/97-engine-3-indexes.ts";
import { engineEvents } from "./clauses/97-engine-4-events.ts";
import { engineChanges } from "./clauses/97-engine-5-changes.ts";
import { engineBytes } from "./clauses/97-engine-6-bytes.ts";
import { models } from "./clauses/99-model.ts";

export const chapters: readonly Chapter[] = [
  keys,
  order,
  storedValues,
  records,
  kv,
  buckets,
  expiry,
  blobs,
  events,
  readingEvents,
  transactions,
  isolation,
  listings,
  conditions,
  lifecycle,
  badInput,
  wholeStore,
  scopes,
  adapterMethods,
  engineRows,
  engineCommits,
  engineIndexes,
  engineEvents,
  engineChanges,
  engineBytes,
  models,
];
