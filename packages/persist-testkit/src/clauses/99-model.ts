/** Random sequences of operations give what a naive model says, whatever comes after whatever. */
import fc from "fast-check";
import { equal, fail, identical } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import { createClock } from "../clock.ts";
import type { Context } from "../context.ts";
import type { Budget } from "../harness.ts";
import { createModel, type Model } from "../model/model.ts";
import {
  blobOperation,
  eventOperation,
  kvOperation,
  type Operation,
  outerOperation,
  passing,
  recordOperation,
  reopening,
  transaction,
} from "../model/operations.ts";
import { createSubject, type Subject } from "../model/subject.ts";
import { createVersionNames, type VersionNames } from "../model/versions.ts";
import { timeLimits } from "../run-clause.ts";
import { show } from "../show.ts";

/** Sequences for each clause. */
const sequences: Readonly<Record<Budget, number>> = { quick: 60, full: 5000, soak: 200_000 };
const longestSequence = 40;
const sequencesInPlace = 20;

interface Pair {
  readonly model: Model;
  readonly subject: Subject;
  readonly versions: VersionNames;
}

/** A step of a sequence: both do it, and what came of it is compared. */
class Step implements fc.AsyncCommand<object, Pair> {
  readonly operation: Operation;

  constructor(operation: Operation) {
    this.operation = operation;
  }

  check(): boolean {
    return true;
  }

  async run(_: object, { model, subject, versions }: Pair): Promise<void> {
    const expected = model.perform(this.operation);
    const found = versions.name(await subject.perform(this.operation), expected);
    identical(found, expected, `what came of ${this}`);
    if (this.operation.do === "transaction" || this.operation.do === "reopen") {
      const all = model.everything();
      identical(versions.name(await subject.everything(), all), all, `all that is stored after ${this}`);
    }
  }

  toString(): string {
    const { do: name, ...rest } = this.operation;
    return `${name} ${show(rest, 8)}`;
  }
}

const any = (...arbitraries: fc.Arbitrary<Operation>[]) => arbitraries.map((one) => one.map((op) => new Step(op)));

function model(key: `K-model-${string}`, title: string, steps: fc.Arbitrary<Step>[]): Clause {
  return clause(key, title, (t) => compare(t, steps));
}

const everything = any(
  kvOperation,
  recordOperation,
  blobOperation,
  eventOperation,
  outerOperation,
  transaction,
  transaction,
  passing,
  reopening,
);

const canReopen = ({ harness }: Context) => harness.reopens !== false;

async function compare(t: Context, steps: fc.Arbitrary<Step>[]): Promise<void> {
  let place = t.place();
  let runs = 0;

  const run = async (commands: Iterable<fc.AsyncCommand<object, Pair>>) => {
    // A scope for each, and now and then another place, so that what was left behind slows nobody down.
    if (runs % sequencesInPlace === 0 || !canReopen(t)) {
      await place.end();
      place = t.place();
    }
    const namespace = `run-${++runs}`;
    const clock = createClock();
    const host = { open: () => place.open({ namespace, clock }), close: () => place.close() };
    const pair: Pair = {
      model: createModel(clock),
      subject: await createSubject(host),
      versions: createVersionNames(),
    };
    await fc.asyncModelRun(() => ({ model: {}, real: pair }), commands);
    const all = pair.model.everything();
    identical(pair.versions.name(await pair.subject.everything(), all), all, "all that is stored in the end");
    await pair.subject.close();
  };

  const details = await fc.check(
    fc.asyncProperty(fc.commands(steps, { maxCommands: longestSequence, size: "max" }), run),
    {
      seed: t.seed,
      numRuns: sequences[t.budget],
      // On slow backends fewer sequences run; a failure is reported though it could be made shorter.
      interruptAfterTimeLimit: timeLimits[t.budget] / 2,
    },
  );
  if (!details.failed) {
    equal(details.numRuns > 0, true, "whether any sequence was run in time");
    return;
  }
  const { counterexample, counterexamplePath, errorInstance, seed } = details;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const sequence =
    counterexample === null ? "" : [...counterexample[0]].map((step, i) => `\n  ${i + 1}. ${step}`).join("");
  fail(`${reason}\nseed ${seed}, path "${counterexamplePath}", after:${sequence}`);
}

export const models: Chapter = {
  section: "99",
  title: "Random sequences",
  clauses: [
    model("K-model-kv", "kv does what the model does", any(kvOperation, kvOperation, passing)),
    model("K-model-records", "records do what the model does", any(recordOperation, recordOperation, passing)),
    model("K-model-blobs", "blobs do what the model does", any(blobOperation, passing)),
    model("K-model-events", "events do what the model does", any(eventOperation, passing)),
    clause(
      "K-model-all",
      "All facades together do what the model does, with transactions, and over any number of openings",
      (t) => (canReopen(t) ? compare(t, everything) : t.skip("the harness cannot open the same data again")),
    ),
  ],
};
