/** Contenders against each other, operation by operation; the first of them is ours. */
import type { Contender, ContenderKind, Durability } from "./contender.ts";
import { type Bar, type Figure, figureOf, median, ratios } from "./figure.ts";
import { interleave, type Pace, type Rates } from "./interleave.ts";
import { checkContents, type Lane, openLane } from "./lane.ts";
import type { Operation } from "./operation.ts";

export interface Race {
  readonly contenders: readonly [ours: ContenderKind, ...others: ContenderKind[]];
  readonly operations: readonly Operation[];
  readonly durability: Durability;
  readonly pace: Pace;
  /** Where this one keeps what it holds; always the same. */
  placeOf(kind: ContenderKind): Promise<string>;
  barOf(against: ContenderKind, operation: Operation): Bar | undefined;
  /** What the operation is called in the report. */
  titleOf(operation: Operation): string;
  progress(line: string): void;
}

export async function run(race: Race): Promise<Figure[]> {
  const { contenders, operations, durability, pace, placeOf, titleOf, progress } = race;
  const lanes: Lane[] = [];
  for (const kind of contenders.filter(({ settings }) => settings[durability] !== undefined)) {
    lanes.push(await openLane(kind, await placeOf(kind), durability));
  }
  const figures: Figure[] = [];
  for (const operation of operations) {
    progress(titleOf(operation));
    const running = lanes.filter(({ contender }) => operation.offeredBy(contender));
    const rates = await interleave(
      running.map((lane) => toRacer(lane, operation)),
      pace,
    );
    figures.push(...compare(race, running, operation, rates));
  }
  for (const { kind, contender, book } of lanes) {
    await contender.close();
    // What was acknowledged is in the files, and not only in the memory of who acknowledged it.
    const reopened: Contender = await kind.open(await placeOf(kind), durability);
    await checkContents({ contender: reopened, book });
    await reopened.close();
  }
  return figures;
}

const toRacer = (lane: Lane, operation: Operation) => ({
  name: lane.kind.name,
  prepare: (units: number) => operation.prepare(lane, units),
  settle: async () => await lane.contender.settle?.(),
});

function compare({ contenders, barOf, titleOf }: Race, lanes: readonly Lane[], operation: Operation, rates: Rates) {
  const [oursKind] = contenders;
  const ours = rates.get(oursKind.name) as readonly number[];
  return lanes
    .map(({ kind }) => kind)
    .filter((kind) => kind !== oursKind)
    .map((kind) => {
      const theirs = rates.get(kind.name) as readonly number[];
      return figureOf(ratios(ours, theirs), {
        what: titleOf(operation),
        against: kind.name,
        unit: "×",
        bar: barOf(kind, operation),
        orientation: { "persist k/s": thousands(ours), "other k/s": thousands(theirs) },
      });
    });
}

export const thousands = (rates: readonly number[]): string => (median(rates) / 1000).toPrecision(3);
