/** How soon a peer has everything that another one has written before they met, library by library. */
import { join } from "node:path";
import { type Bar, type Figure, figureOf, median, ratios } from "../figure.ts";
import { shown } from "../growth/compare-sizes.ts";
import type { SuiteOptions } from "../suite.ts";
import type { ContenderName } from "./contenders.ts";
import { PeerFailed } from "./lane.ts";
import type { Meeting } from "./meeting.ts";
import { startPair } from "./pair.ts";

export interface Contest {
  readonly records: number;
  /** Ours is not named. */
  readonly others: readonly Rival[];
  readonly rounds: number;
}

export interface Rival {
  readonly name: ContenderName;
  /** By how much ours is faster at least. */
  readonly faster?: number;
  /** How much memory ours takes at most, by theirs. */
  readonly memory?: number;
  /** In how many of the rounds it takes part; in all where it is left out. */
  readonly rounds?: number;
}

interface Run {
  readonly first: Meeting;
  /** After ten records were changed while they were apart. */
  readonly again: Meeting;
  readonly memory: number;
}

const changes = 10;
const ours: ContenderName = "persist";

/** All of them in turn, round after round, each time in new processes. Who fails once is not asked again. */
export async function convergenceFigures(
  { records, others, rounds }: Contest,
  { folder, progress }: Pick<SuiteOptions, "folder" | "progress">,
): Promise<Figure[]> {
  const runs = new Map<ContenderName, Run[]>([ours, ...others.map(({ name }) => name)].map((name) => [name, []]));
  const failed = new Set<ContenderName>();
  for (let round = 0; round < rounds; round++) {
    const names = [...runs.keys()].filter((name) => {
      const least = others.find((other) => other.name === name)?.rounds ?? rounds;
      return round < least && !failed.has(name);
    });
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length] as ContenderName;
      progress(`${records} records, round ${round + 1} of ${rounds}: ${name}`);
      const place = join(folder, `${records}-${round}-${name}`);
      const run = await converge(name, records, place);
      if (run instanceof PeerFailed) {
        failed.add(name);
        progress(`${name} fails: ${run.message.trim().split("\n")[0]}`);
      } else runs.get(name)?.push(run);
    }
  }
  return toFigures({ records, others, rounds }, runs, failed);
}

async function converge(name: ContenderName, records: number, folder: string): Promise<Run | PeerFailed> {
  try {
    await using pair = await startPair(name, folder);
    await pair.write({ first: 0, count: records, revision: 0 });
    const first = await pair.meet();
    const memory = await pair.memory();
    await pair.check();
    pair.gate.cut();
    await pair.write({ first: records >> 1, count: changes, revision: 1 });
    const again = await pair.meet();
    await pair.check();
    return { first, again, memory };
  } catch (error) {
    if (name !== ours && error instanceof PeerFailed) return error;
    throw error;
  }
}

function toFigures(
  { records, others }: Contest,
  runs: ReadonlyMap<ContenderName, readonly Run[]>,
  failed: ReadonlySet<ContenderName>,
): Figure[] {
  const mine = runs.get(ours) ?? [];
  return others.flatMap(({ name, faster, memory }) => {
    if (failed.has(name)) {
      const facts = {
        what: `converge on ${shown(records)} records, while the other fails`,
        against: name,
        unit: "ms",
      } as const;
      return [
        figureOf(
          mine.map(({ first }) => first.milliseconds),
          { ...facts, orientation: {} },
        ),
      ];
    }
    const theirs = runs.get(name) ?? [];
    const row = (what: string, value: (run: Run) => number, unit: string, bar?: Bar) => {
      const [own, other] = [mine.slice(0, theirs.length).map(value), theirs.map(value)];
      const isLimit = bar !== undefined && "atMost" in bar;
      return figureOf(isLimit ? ratios(own, other) : ratios(other, own), {
        what,
        against: name,
        unit: "×",
        bar,
        orientation: {
          persist: `${shown(Math.round(median(own)))} ${unit}`,
          other: `${shown(Math.round(median(other)))} ${unit}`,
        },
      });
    };
    const again = `connect again, ${changes} of ${shown(records)} changed`;
    return [
      row(
        `converge on ${shown(records)} records`,
        ({ first }) => first.milliseconds,
        "ms",
        faster === undefined ? undefined : { atLeast: faster },
      ),
      row(`converge on ${shown(records)} records: bytes`, ({ first }) => first.bytes, "B"),
      row(
        `converge on ${shown(records)} records: memory of a process`,
        (run) => run.memory / 1e6,
        "MB",
        memory === undefined ? undefined : { atMost: memory },
      ),
      row(again, ({ again }) => again.milliseconds, "ms"),
      row(`${again}: bytes`, ({ again }) => again.bytes, "B"),
    ];
  });
}
