/** What the facade of records has of queries: its listing, counting and explaining. */
import type { Listing } from "../api/listings.ts";
import type { Plan, Query } from "../api/queries.ts";
import { beginAgain, beginCall, type Call } from "../calls.ts";
import type { Row } from "../contract.ts";
import { countRows } from "../counting.ts";
import { decodeCursor } from "../cursors.ts";
import type { Gate } from "../gate.ts";
import { createListing } from "../listing.ts";
import { rangeNames } from "../ranges.ts";
import type { IndexSource } from "./indexes.ts";
import { textToPlace } from "./place.ts";
import { listing, type ParsedQuery, parseQuery, queryNames } from "./query.ts";
import { createReading } from "./reading.ts";
import { createRun, type Run } from "./run.ts";

export interface QueryScope {
  readonly indexes: IndexSource;
  /** The collection that the gate leads to, for messages. Left out: all records. */
  readonly collection?: string;
}

export interface QueriesParts<E> {
  readonly gate: Gate;
  readonly scope: QueryScope;
  /** What conditions and orders are about. */
  documentOf(row: Row): unknown;
  /** What users get. */
  show(row: Row, document: unknown): E;
}

export interface Queries<E> {
  list(o: Query<never> | undefined): Listing<E>;
  count(o: Query<never> | undefined): Promise<number>;
  explain(o: Query<never>): Promise<Plan>;
}

const names = [...rangeNames, ...queryNames];

export function createQueries<E>({ gate, scope, documentOf, show }: QueriesParts<E>): Queries<E> {
  const run = (query: ParsedQuery, total: number, begin: () => Call, anyOrder = false): Run =>
    createRun({
      reading: createReading({
        query,
        collection: scope.collection,
        total,
        documentOf,
        scan: (range) => gate.scan("records", range, begin()),
      }),
      indexes: {
        known: () => scope.indexes.known(query.prefix),
        fresh: () => scope.indexes.fresh(query.prefix, begin()),
      },
      anyOrder,
    });

  /** Reads on until the end, and says how many there were. */
  const exhaust = async ({ read }: Run, start: string | undefined, limit: number): Promise<number> => {
    let count = 0;
    let after = start;
    do {
      const page = await read(after, Math.min(1000, limit - count));
      count += page.hits.length;
      after = page.after;
    } while (after !== undefined && count < limit);
    return count;
  };

  /** Where the cursor says to go on. */
  const startOf = ({ identity, order, range: { cursor } }: ParsedQuery): string | undefined => {
    if (cursor === undefined) return undefined;
    const start = decodeCursor(identity(), cursor);
    textToPlace(start, order);
    return start;
  };

  return {
    list(o) {
      const call = beginCall(listing, undefined, o, names);
      const query = parseQuery(listing, o);
      const { limit, cursor, batchSize } = query.range;
      return createListing({
        operation: listing,
        query: query.identity,
        limit,
        cursor,
        batchSize,
        checkPlace: (after) => void textToPlace(after, query.order),
        reader(total) {
          // Each page has the whole timeout: a listing may be read slowly.
          const { read } = run(query, total, () => beginAgain(call));
          return async (after, count) => {
            const page = await read(after, count);
            return { items: page.hits.map(({ row, document }) => show(row, document)), after: page.after };
          };
        },
      });
    },

    async count(o) {
      const call = beginCall("records.count", undefined, o, names);
      const query = parseQuery(call.operation, o);
      const { limit = Number.POSITIVE_INFINITY, cursor } = query.range;
      const isOrdered = cursor !== undefined && query.order.paths.length > 0;
      if (query.where === undefined && !isOrdered) return countRows(gate, "records", query.range, listing, call);
      const start = startOf(query);
      return gate.track(
        exhaust(
          run(query, limit, () => call, start === undefined),
          start,
          limit,
        ),
      );
    },

    async explain(o) {
      const call = beginCall("records.explain", undefined, o, names);
      const query = parseQuery(call.operation, o);
      const { limit = Number.POSITIVE_INFINITY } = query.range;
      await scope.indexes.fresh(query.prefix, call); // the plan by what there is, and not by what this process has last heard of
      const running = run(query, limit, () => call);
      await gate.track(exhaust(running, startOf(query), limit));
      return running.plan();
    },
  };
}
