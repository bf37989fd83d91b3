/** Many rounds. A place serves for some of them, so that stores grow and carry the traces of several kills. */
import type { Break } from "./assignment.ts";
import type { Complaint } from "./complaints.ts";
import { createEventLog } from "./event-log.ts";
import { createExpected } from "./expected.ts";
import { addRound, type Figures, noFigures } from "./figures.ts";
import { createOpeningTimes, type OpeningTimes } from "./moments.ts";
import { createPlan } from "./plan.ts";
import { createRandom } from "./random.ts";
import { playRound } from "./round.ts";
import { loadTarget, type Target } from "./target.ts";
import { createWriterPool, startWriter, type WriterPool } from "./writer-process.ts";

export interface SuiteOptions {
  readonly target: string;
  readonly rounds: number;
  readonly seed: string;
  readonly break: Break | undefined;
}

export interface Report {
  readonly figures: Figures;
  /** Of the last round. */
  readonly complaints: readonly Complaint[];
  /** The place that the complaints are about, to look into: it is not removed. */
  readonly kept: string | undefined;
}

const roundsInPlace = 50;

/** Reports after each round. */
export async function* runSuite({ target: name, rounds, seed, break: broken }: SuiteOptions): AsyncGenerator<Report> {
  const target = await loadTarget(name);
  const shared = await rehearse(name, target);
  const pool = createWriterPool(name, 1);
  const common = { target, shared, pool, opening: createOpeningTimes(), break: broken };
  try {
    let figures = noFigures;
    while (figures.rounds < rounds) {
      const count = Math.min(roundsInPlace, rounds - figures.rounds);
      for await (const report of playPlace(common, count, `${seed}/${figures.rounds}`, figures)) {
        figures = report.figures;
        yield report;
      }
    }
  } finally {
    await pool.end();
  }
}

interface Common {
  readonly target: Target;
  readonly shared: boolean;
  readonly pool: WriterPool;
  readonly opening: OpeningTimes;
  readonly break: Break | undefined;
}

/** The rounds in one place: at most `count`, because what goes wrong spoils a place for further ones. */
async function* playPlace(common: Common, count: number, seed: string, before: Figures): AsyncGenerator<Report> {
  const place = await common.target.createPlace();
  const { location } = place;
  const plan = createPlan(seed, common.target);
  const books = { place, location, seed, plan, expected: createExpected(), log: createEventLog(plan) };
  let figures = before;
  let kept: string | undefined;
  try {
    for (let i = 1, isSound = true; i <= count && isSound; i++) {
      const setting = { ...common, ...books, isFirst: i === 1, isLast: i === count };
      const result = await playRound(setting, createRandom(`${seed}/round ${i}`));
      isSound = result.complaints.length === 0;
      // What was broken on purpose needs no looking into.
      kept = isSound || common.break !== undefined || common.target.isControl ? undefined : (place.folder ?? location);
      figures = addRound(figures, result);
      yield { figures, complaints: result.complaints, kept };
    }
  } finally {
    if (kept === undefined) await place.remove();
  }
}

/** Has a writer open and close a store in peace. Answers whether several processes may write at once. */
async function rehearse(name: string, target: Target): Promise<boolean> {
  const place = await target.createPlace();
  const { location } = place;
  const writer = startWriter(name);
  writer.begin({ location, seed: "", first: [], spare: [], break: undefined }, () => undefined);
  const { complaint } = await writer.ended;
  if (complaint !== undefined) throw new Error(`a writer that nobody disturbed failed: ${complaint}`);
  const store = await target.open(location);
  const { writers } = store.capabilities;
  await store.close();
  await place.remove();
  return writers !== "process";
}
