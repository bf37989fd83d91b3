/** `store.kv` over SQLite, against better-sqlite3 by hand on the same tables, and against other libraries that keep values by key in a local file. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ContenderKind, Durability } from "../contender.ts";
import { byHand } from "../contenders/by-hand.ts";
import { classicLevel } from "../contenders/classic-level.ts";
import { keyv } from "../contenders/keyv.ts";
import { lmdb } from "../contenders/lmdb.ts";
import { persist } from "../contenders/persist.ts";
import { unstorage } from "../contenders/unstorage.ts";
import { type Bar, type Figure, figureOf, median, ratios } from "../figure.ts";
import { interleave, type Pace, type Rates } from "../interleave.ts";
import { checkContents, type Lane, openLane } from "../lane.ts";
import type { Operation } from "../operation.ts";
import { addInCrowds } from "../operations/add.ts";
import { deleteInTurn } from "../operations/delete.ts";
import { getInCrowds, getInTurn } from "../operations/get.ts";
import { listGroup } from "../operations/list.ts";
import { setInCrowds, setInTurn, setScattered } from "../operations/set.ts";
import type { Suite, SuiteOptions } from "../suite.ts";

const contenders: readonly ContenderKind[] = [persist, byHand, keyv, unstorage, classicLevel, lmdb];
const operations: readonly Operation[] = [
  getInTurn,
  getInCrowds,
  listGroup,
  setInTurn,
  setInCrowds,
  setScattered,
  addInCrowds,
  deleteInTurn,
];

/** Against better-sqlite3 by hand, with its calls in autocommit. */
const handBars: readonly { operation: Operation; durability: Durability; atLeast: number }[] = [
  { operation: getInTurn, durability: "relaxed", atLeast: 0.9 },
  { operation: listGroup, durability: "relaxed", atLeast: 0.9 },
  { operation: setInTurn, durability: "relaxed", atLeast: 0.85 },
  { operation: setInTurn, durability: "full", atLeast: 0.85 },
  { operation: setInCrowds, durability: "relaxed", atLeast: 6 },
  { operation: setInCrowds, durability: "full", atLeast: 25 },
];

/** Its reads are a look into mapped memory, without a query: the distance is reported, and not a bar. */
const unmatched: readonly { kind: ContenderKind; operation: Operation }[] = [
  { kind: lmdb, operation: getInTurn },
  { kind: lmdb, operation: getInCrowds },
];

function barOf(kind: ContenderKind, operation: Operation, durability: Durability): Bar | undefined {
  if (kind === byHand) {
    const found = handBars.find((bar) => bar.operation === operation && bar.durability === durability);
    return found === undefined ? undefined : { atLeast: found.atLeast };
  }
  const exempt = unmatched.some((pair) => pair.kind === kind && pair.operation === operation);
  return exempt ? undefined : { atLeast: 1 };
}

export const sqlite: Suite = {
  title: "store.kv over SQLite",
  notes: contenders.map(
    ({ name, settings }) =>
      `${name}: ${Object.entries(settings)
        .map(([durability, setting]) => `${durability} = ${setting}`)
        .join("; ")}`,
  ),

  async run(o) {
    const pace: Pace = o.quick ? { rounds: 15, sample: 10, warmUp: 200 } : { rounds: 101, sample: 15, warmUp: 500 };
    return [
      ...(await race("relaxed", operations, pace, o)),
      ...(await race(
        "full",
        operations.filter(({ writes }) => writes),
        pace,
        o,
      )),
    ];
  },
};

async function race(
  durability: Durability,
  operations: readonly Operation[],
  pace: Pace,
  { folder, progress }: SuiteOptions,
): Promise<Figure[]> {
  const lanes: Lane[] = [];
  for (const kind of contenders.filter(({ settings }) => settings[durability] !== undefined)) {
    lanes.push(await openLane(kind, await folderOf(kind, durability, folder), durability));
  }
  const figures: Figure[] = [];
  for (const operation of operations) {
    progress(`${operation.name}, ${durability} durability`);
    const running = lanes.filter(({ contender }) => operation.offeredBy(contender));
    const rates = await interleave(
      running.map((lane) => toRacer(lane, operation)),
      pace,
    );
    figures.push(...compare(running, operation, durability, rates));
  }
  for (const { kind, contender, book } of lanes) {
    await contender.close();
    // What was acknowledged is in the files, and not only in the memory of who acknowledged it.
    const reopened = await kind.open(await folderOf(kind, durability, folder), durability);
    await checkContents({ contender: reopened, book });
    await reopened.close();
  }
  return figures;
}

async function folderOf({ name }: ContenderKind, durability: Durability, folder: string): Promise<string> {
  const path = join(folder, durability, name);
  await mkdir(path, { recursive: true });
  return path;
}

const toRacer = (lane: Lane, operation: Operation) => ({
  name: lane.kind.name,
  prepare: (units: number) => operation.prepare(lane, units),
  settle: async () => await lane.contender.settle?.(),
});

function compare(lanes: readonly Lane[], operation: Operation, durability: Durability, rates: Rates): Figure[] {
  const ours = rates.get(persist.name) as readonly number[];
  return lanes
    .map(({ kind }) => kind)
    .filter((kind) => kind !== persist)
    .map((kind) => {
      const theirs = rates.get(kind.name) as readonly number[];
      return figureOf(ratios(ours, theirs), {
        what: operation.writes ? `${operation.name} (${durability})` : operation.name,
        against: kind.name,
        unit: "×",
        bar: barOf(kind, operation, durability),
        orientation: { "persist k/s": thousands(ours), "other k/s": thousands(theirs) },
      });
    });
}

const thousands = (rates: readonly number[]) => (median(rates) / 1000).toPrecision(3);
