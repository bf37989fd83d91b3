/** Random sequences of operations give what a naive model says, whatever comes after whatever. */
import type { Store } from "@cuitty/persist-core";
import type fc from "fast-check";
import { equal } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import type { Budget } from "../harness.ts";
import {
  anyBlobOperation,
  anyEventOperation,
  anyKvOperation,
  anyOperation,
  anyQueryOperation,
  anyRecordOperation,
  type Operation,
} from "../model/operations.ts";
import { checkSequences, createSequences, refuseBroken } from "../model/sequences.ts";
import { createSubject } from "../model/subject.ts";
import { needPeers, openPeers } from "../peers.ts";
import { timeLimits } from "../run-clause.ts";

/** Sequences for each clause. */
const sequences: Readonly<Record<Budget, number>> = { quick: 60, full: 5000, soak: 200_000 };
const longest = 40;

/** In milliseconds: where the backend is slow, fewer sequences run. Of a quick run, which is run often, they are not to be the greatest part. */
const longestRun: Readonly<Record<Budget, number>> = {
  quick: 10_000,
  full: timeLimits.full / 2,
  soak: timeLimits.soak / 2,
};

function model(key: `K-model-${string}`, title: string, operation: fc.Arbitrary<Operation>): Clause {
  return clause(key, title, (t) => compare(t, operation));
}

const canReopen = ({ harness }: Context) => harness.reopens !== false;

async function compare(t: Context, operation: fc.Arbitrary<Operation>): Promise<void> {
  const inPlaces = createSequences(t.place, { perPlace: canReopen(t) ? 20 : 1 });
  await check(t, operation, { atMost: sequences[t.budget], compare: inPlaces.compare });
}

/** Sequences that two peers share. */
const sharedSequences: Readonly<Record<Budget, number>> = { quick: 5, full: 200, soak: 2000 };

/** Operations go to two peers in turn, which meet in the middle and in the end. Whether each does what it should, single peers are asked. */
async function share(t: Context): Promise<void> {
  needPeers(t);
  await check(t, anyOperation, {
    atMost: sharedSequences[t.budget],
    compare: (sequence) => shareOne(t, sequence),
  });
}

async function shareOne(t: Context, sequence: readonly Operation[]): Promise<void> {
  const { a, b, place, apart } = await openPeers(t);
  const subjectOf = (store: Store) =>
    createSubject({ open: async () => store, close: async () => undefined }, { remembers: true });
  const [ofA, ofB] = [await subjectOf(a), await subjectOf(b)];
  const middle = sequence.length / 2;
  for (const part of [sequence.slice(0, middle), sequence.slice(middle)]) {
    await apart(async () => {
      for (const [i, operation] of part.entries()) {
        if (operation.do === "advance") t.clock.advance(operation.ms);
        else await (i % 2 === 0 ? ofA : ofB).perform(operation);
      }
    });
  }
  await place.end();
}

/** Fails where one of the sequences does. */
async function check(
  t: Context,
  operation: fc.Arbitrary<Operation>,
  o: { readonly atMost: number; compare(sequence: readonly Operation[]): Promise<void> },
): Promise<void> {
  const { runs, broken } = await checkSequences({
    operation,
    longest,
    compare: o.compare,
    parameters: {
      seed: t.seed,
      numRuns: o.atMost,
      // A failure is reported then though it could be made shorter.
      interruptAfterTimeLimit: longestRun[t.budget],
    },
  });
  if (broken !== undefined) refuseBroken(broken);
  equal(runs > 0, true, "whether any sequence was run in time");
}

export const models: Chapter = {
  section: "99",
  title: "Random sequences",
  clauses: [
    model("K-model-kv", "kv does what the model does", anyKvOperation),
    model("K-model-records", "records do what the model does", anyRecordOperation),
    model(
      "K-model-queries",
      "Queries find what the model finds, whether or not indexes were declared",
      anyQueryOperation,
    ),
    model("K-model-blobs", "blobs do what the model does", anyBlobOperation),
    model("K-model-events", "events do what the model does", anyEventOperation),
    clause(
      "K-model-all",
      "All facades together do what the model does, with transactions, and over any number of openings",
      (t) => (canReopen(t) ? compare(t, anyOperation) : t.skip("the harness cannot open the same data again")),
    ),
    clause("K-peers-random", "Whatever peers do apart, they have the same when they meet", share),
  ],
};
