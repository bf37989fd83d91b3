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

/** `lanes`: so many run side by side, each from a seed of its own. It helps where a backend is far away: most of the time goes into waiting for it. */
export function testSequences(harness: Harness, many: number, { lanes = 1 }: { readonly lanes?: number } = {}): void {
  const { MODEL_SEQUENCES = many, MODEL_SEED = Date.now() } = process.env;
  const seed = Number(MODEL_SEED) | 0;
  const count = Number(MODEL_SEQUENCES);
  const sequencesOf = Array.from({ length: lanes }, (_, lane) => inPlacesOf(harness, lane));
  afterAll(async () => {
    for (const sequences of sequencesOf) await sequences.end();
  });

  const check = (sequences: Sequences, coverage: Coverage | undefined, parameters: Checking["parameters"]) =>
    checkSequences({
      operation: anyOperation,
      longest,
      compare(sequence: readonly Operation[]) {
        coverage?.count(sequence);
        return sequences.compare(sequence);
      },
      parameters,
    });

  const partOf = (lane: number) => Math.floor((count + lane) / lanes);

  /** What is not repaired yet would be found, and written down, at every run. */
  let isBrokenAgain = false;
  const known = readdirSync(replays).flatMap((file) => read(file));
  it.each(known)(`${harness.name} does what the model does again, seed $seed, path $path`, async (replay) => {
    const parameters = { seed: replay.seed, path: replay.path, numRuns: 1, endOnFailure: true };
    const { broken } = await check(sequencesOf[0] as Sequences, undefined, parameters);
    if (broken === undefined) return;
    isBrokenAgain = true;
    refuseBroken(broken);
  });

  it(`${harness.name} does what the model does in ${count} sequences`, { timeout }, async () => {
    const coverage = createCoverage();
    const all = await Promise.all(
      sequencesOf.map((sequences, lane) => check(sequences, coverage, { seed: seed + lane, numRuns: partOf(lane) })),
    );
    const broken = all.find((each) => each.broken !== undefined)?.broken;
    const runs = all.reduce((sum, each) => sum + each.runs, 0);
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

function inPlacesOf(harness: Harness, lane: number): Sequences {
  let places = 0;
  return createSequences(() => createPlace(harness, `sequences-${lane}-${++places}`, createClock()), { perPlace: 100 });
}
