/** The table of contents of the contract: the chapters in the order of their files. Written by `npm run contract`. */
import type { Chapter } from "./clause.ts";
import { keys } from "./clauses/10-keys.ts";
import { order } from "./clauses/15-order.ts";
import { storedValues } from "./clauses/20-values.ts";
import { limits } from "./clauses/22-limits.ts";
import { missing } from "./clauses/23-missing.ts";
import { conditions } from "./clauses/24-conditions.ts";
import { expiry } from "./clauses/26-expiry.ts";
import { listings } from "./clauses/28-listings.ts";
import { records } from "./clauses/30-records.ts";
import { queries } from "./clauses/32-queries.ts";
import { collections } from "./clauses/34-collections.ts";
import { indexes } from "./clauses/36-indexes.ts";
import { kv } from "./clauses/40-kv.ts";
import { buckets } from "./clauses/42-buckets.ts";
import { blobs } from "./clauses/50-blobs.ts";
import { readingBlobs } from "./clauses/51-reading-blobs.ts";
import { uploads } from "./clauses/52-uploads.ts";
import { endingUploads } from "./clauses/53-ending-uploads.ts";
import { copyingBlobs } from "./clauses/54-copying-blobs.ts";
import { folders } from "./clauses/56-folders.ts";
import { links } from "./clauses/58-links.ts";
import { events } from "./clauses/60-events.ts";
import { failIf } from "./clauses/61-fail-if.ts";
import { readingEvents } from "./clauses/62-reading-events.ts";
import { subscribe } from "./clauses/64-subscribe.ts";
import { erasing } from "./clauses/66-erasing.ts";
import { consumers } from "./clauses/67-consumers.ts";
import { leases } from "./clauses/68-leases.ts";
import { transactions } from "./clauses/70-transactions.ts";
import { isolation } from "./clauses/72-isolation.ts";
import { midway } from "./clauses/73-midway.ts";
import { feeds } from "./clauses/75-feeds.ts";
import { feedCursors } from "./clauses/76-feed-cursors.ts";
import { watchers } from "./clauses/77-watchers.ts";
import { withoutFeed } from "./clauses/78-without-feed.ts";
import { scopes } from "./clauses/80-scopes.ts";
import { wholeStore } from "./clauses/82-whole-store.ts";
import { peers } from "./clauses/84-peers.ts";
import { eventsOfPeers } from "./clauses/86-events-of-peers.ts";
import { lifecycle } from "./clauses/90-lifecycle.ts";
import { badInput } from "./clauses/92-bad-input.ts";
import { faults } from "./clauses/94-faults.ts";
import { adapterMethods } from "./clauses/96-adapter.ts";
import { engineRows } from "./clauses/97-engine-1-rows.ts";
import { engineCommits } from "./clauses/97-engine-2-commits.ts";
import { engineIndexes } from "./clauses/97-engine-3-indexes.ts";
import { engineEvents } from "./clauses/97-engine-4-events.ts";
import { engineChanges } from "./clauses/97-engine-5-changes.ts";
import { engineBytes } from "./clauses/97-engine-6-bytes.ts";
import { histories } from "./clauses/98-histories.ts";
import { models } from "./clauses/99-model.ts";

export const chapters: readonly Chapter[] = [
  keys,
  order,
  storedValues,
  limits,
  missing,
  conditions,
  expiry,
  listings,
  records,
  queries,
  collections,
  indexes,
  kv,
  buckets,
  blobs,
  readingBlobs,
  uploads,
  endingUploads,
  copyingBlobs,
  folders,
  links,
  events,
  failIf,
  readingEvents,
  subscribe,
  erasing,
  consumers,
  leases,
  transactions,
  isolation,
  midway,
  feeds,
  feedCursors,
  watchers,
  withoutFeed,
  scopes,
  wholeStore,
  peers,
  eventsOfPeers,
  lifecycle,
  badInput,
  faults,
  adapterMethods,
  engineRows,
  engineCommits,
  engineIndexes,
  engineEvents,
  engineChanges,
  engineBytes,
  histories,
  models,
];
