/** Sequences of operations, done by a store and by the model, and what came of each compared. */
import fc from "fast-check";
import { fail, identical } from "../assertions.ts";
import { createClock } from "../clock.ts";
import { isEqual } from "../equality.ts";
import type { Place } from "../place.ts";
import { show } from "../show.ts";
import { createModel } from "./model.ts";
import type { InnerOperation, Operation } from "./operations.ts";
import { createSubject } from "./subject.ts";
import { createVersionNames } from "./versions.ts";

export interface Sequences {
  /** Fails where the store and the model are of two minds. */
  compare(sequence: readonly Operation[]): Promise<void>;
  /** Ends what is open. */
  end(): Promise<void>;
}

export interface SequencesOptions {
  /** Sequences after which the next goes to another place, so that what was left behind slows nobody down. */
  readonly perPlace: number;
}

/** Each sequence has a scope of its own. */
export function createSequences(newPlace: () => Place, { perPlace }: SequencesOptions): Sequences {
  let place: Place | undefined;
  let runs = 0;

  return {
    async compare(sequence) {
      if (runs % perPlace === 0) {
        await place?.end();
        place = undefined;
      }
      place ??= newPlace();
      await compareIn(place, `run-${++runs}`, sequence);
    },
    end: async () => place?.end(),
  };
}

async function compareIn(place: Place, namespace: string, sequence: readonly Operation[]): Promise<void> {
  const clock = createClock();
  const model = createModel(clock);
  const versions = createVersionNames();
  const host = { open: () => place.open({ namespace, clock }), close: () => place.close() };
  const subject = await createSubject(host, { remembers: sequence.some(asksForStale) });

  const compareEverything = async (when: () => string) => {
    const all = model.everything();
    const found = versions.name(await subject.everything(), all);
    agree(found, all, () => `all that is stored ${when()}`);
  };

  try {
    for (const operation of sequence) {
      const expected = model.perform(operation);
      const found = versions.name(await subject.perform(operation), expected);
      agree(found, expected, () => `what came of ${showOperation(operation)}`);
      if (operation.do === "transaction" || operation.do === "reopen") {
        await compareEverything(() => `after ${showOperation(operation)}`);
      }
    }
    await compareEverything(() => "in the end");
  } finally {
    await subject.close();
  }
}

/** What it is about is only put into words where it is needed: that takes longer than to compare. */
function agree(found: unknown, expected: unknown, what: () => string): void {
  if (!isEqual(found, expected, true)) identical(found, expected, what());
}

function asksForStale(operation: Operation): boolean {
  if (operation.do === "transaction") return operation.inner.some((one: InnerOperation) => asksForStale(one));
  return "expect" in operation && operation.expect === "stale";
}

export function showOperation({ do: name, ...rest }: Operation): string {
  return `${name} ${show(rest, 8)}`;
}

// ── random sequences ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Checking {
  readonly operation: fc.Arbitrary<Operation>;
  /** The most operations of one sequence. */
  readonly longest: number;
  readonly compare: (sequence: readonly Operation[]) => Promise<void>;
  /** How many, from which seed, and which one of them, as fast-check calls it. */
  readonly parameters: fc.Parameters<[readonly Operation[]]>;
}

/** A sequence that went wrong, cut down to the shortest that still does. Seed and path make it again. */
export interface BrokenSequence {
  readonly seed: number;
  readonly path: string;
  readonly reason: string;
  readonly sequence: readonly string[];
}

export interface Checked {
  readonly runs: number;
  readonly broken?: BrokenSequence;
}

export async function checkSequences({ operation, longest, compare, parameters }: Checking): Promise<Checked> {
  // With its bias fast-check would make many of the first ones short, and most runs of the kit are of few.
  const sequence = fc.noBias(fc.array(operation, { maxLength: longest, size: "max" }));
  const details = await fc.check(fc.asyncProperty(sequence, compare), parameters);
  const { failed, numRuns: runs, seed, counterexamplePath: path, counterexample, errorInstance: error } = details;
  if (!failed || path === null) return { runs };
  const reason = error instanceof Error ? error.message : String(error);
  return { runs, broken: { seed, path, reason, sequence: (counterexample?.[0] ?? []).map(showOperation) } };
}

export function refuseBroken({ seed, path, reason, sequence }: BrokenSequence): never {
  const steps = sequence.map((step, i) => `\n  ${i + 1}. ${step}`).join("");
  return fail(`${reason}\nseed ${seed}, path "${path}", after:${steps}`);
}
