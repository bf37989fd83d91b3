/**
 * Many short random sequences over all facades, with transactions and reopening. What once went wrong is kept in replays/, and comes first.
 *
 * `MODEL_SEQUENCES` says how many sequences, `MODEL_SEED` where they begin.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Harness } from "@cuitty/persist-testkit";
import { afterAll, expect, it } from "vitest";
import { createClock } from "../src/clock.ts";
import { type Coverage, createCoverage } from "../src/model/coverage.ts";
import { anyOperation, type Operation } from "../src/model/operations.ts";
import {
  type BrokenSequence,
  type Checking,
  checkSequences,
  createSequences,
  refuseBroken,
  type Sequences,
} from "../src/model/sequences.ts";
import { createPlace } from "../src/place.ts";

/** A failure of some run. Seed and path make it again as long as the generator is the same; `reason` and `sequence` are for readers. */
type Replay = BrokenSequence;

/** Fewer than these may well miss something that the generator makes. */
const enoughToMeetAll = 10_000;
const longest = 12;
const timeout = 30 * 60_000;

const replays = new URL("./replays/", import.meta.url);

const read = (file: string): Replay[] => JSON.parse(readFileSync(new URL(file, replays), "utf8"));

function keep(engine: string, broken: Replay): void {
  const file = `${engine}.json`;
  const kept = [...read(file), broken];
  writeFileSync(new URL(file, replays), `${JSON.stringify(kept, null, 2)}\n`);
}

export function testSequences(harness: Harness, many: number): void {
  const { MODEL_SEQUENCES = many, MODEL_SEED = Date.now() } = process.env;
  const seed = Number(MODEL_SEED) | 0;
  const count = Number(MODEL_SEQUENCES);
  const sequences = inPlacesOf(harness);
  afterAll(sequences.end);

  const check = (coverage: Coverage | undefined, parameters: Checking["parameters"]) =>
    checkSequences({
      operation: anyOperation,
      longest,
      compare(sequence: readonly Operation[]) {
        coverage?.count(sequence);
        return sequences.compare(sequence);
      },
      parameters,
    });

  /** What is not repaired yet would be found, and written down, at every run. */
  let isBrokenAgain = false;
  const known = readdirSync(replays).flatMap((file) => read(file));
  it.each(known)(`${harness.name} does what the model does again, seed $seed, path $path`, async (replay) => {
    const { broken } = await check(undefined, { seed: replay.seed, path: replay.path, numRuns: 1, endOnFailure: true });
    if (broken === undefined) return;
    isBrokenAgain = true;
    refuseBroken(broken);
  });

  it(`${harness.name} does what the model does in ${count} sequences`, { timeout }, async () => {
    const coverage = createCoverage();
    const { runs, broken } = await check(coverage, { seed, numRuns: count });
    if (broken !== undefined) {
      if (!isBrokenAgain) keep(harness.name, broken);
      refuseBroken(broken);
    }
    const missing = coverage.missing();
    console.log(
      `${harness.name}: seed ${seed}, ${runs} sequences, met ${coverage.wanted - missing.length} of ${coverage.wanted}`,
    );
    expect(runs).toBe(count);
    if (count >= enoughToMeetAll) expect(missing, "what no sequence has met").toEqual([]);
  });
}

function inPlacesOf(harness: Harness): Sequences {
  let places = 0;
  return createSequences(() => createPlace(harness, `sequences-${++places}`, createClock()), { perPlace: 100 });
}
