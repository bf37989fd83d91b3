/** Appending events, following them, and how soon they arrive, by what the same costs with better-sqlite3 by hand. */
import { deepStrictEqual } from "node:assert";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { crowd, inCrowds, inTurn } from "../call-styles.ts";
import { measureLatencies } from "../events/latency.ts";
import { type Durability, type Log, openLogByHand, openPersistLog } from "../events/log.ts";
import { type Figure, figureOf, median, ratios } from "../figure.ts";
import { interleave, type Pace, type Racer } from "../interleave.ts";
import type { Work } from "../operation.ts";
import type { Suite } from "../suite.ts";

const followed = 100_000;
const byHand = "better-sqlite3";

export const events: Suite = {
  title: "Events over SQLite: appending, following, and how soon they arrive",
  notes: [
    "Appends go to one stream; by hand each is a transaction that inserts the event and keeps up the head of its stream. No bars yet.",
    `Following reads ${followed} events through events.subscribe({ after: "start" }); by hand in pages of 500, with JSON.parse.`,
    "Latency is from before the append until the follower has the event; the ratio is that of the medians, against a loop that polls every 100 ms.",
  ],

  async run({ quick, folder, progress }) {
    const pace: Pace = quick ? { rounds: 7, sample: 15, warmUp: 100 } : { rounds: 41, sample: 15, warmUp: 500 };
    const figures: Figure[] = [];
    for (const durability of ["relaxed", "full"] as const) {
      const logs = await openLogs(join(folder, durability), durability);
      for (const { name, call, size } of styles) {
        progress(`${name} (${durability})`);
        const racers = logs.map(
          (log): Racer => ({
            name: log.name,
            prepare: (units) => appending(log, units * size, call),
            settle: async () => undefined,
          }),
        );
        figures.push(toFigure(`${name} (${durability})`, await interleave(racers, pace)));
      }
      for (const log of logs) await log.close();
    }

    progress(`following ${followed} events`);
    const logs = await openLogs(join(folder, "followed"), "relaxed");
    const numbers = Array.from({ length: followed }, (_, n) => ({ n: n + 1 }));
    for (const log of logs) await inCrowds(numbers, log.append);
    const racers = logs.map(
      (log): Racer => ({
        name: log.name,
        prepare: () => following(log),
        settle: async () => undefined,
      }),
    );
    figures.push(
      toFigure("following 100 000 events", await interleave(racers, { ...pace, rounds: quick ? 3 : 11, warmUp: 1 })),
    );
    for (const log of logs) await log.close();

    for (const [appender, what] of [
      ["here", "live latency within the process"],
      ["elsewhere", "live latency from another process"],
    ] as const) {
      progress(what);
      const place = join(folder, appender);
      await mkdir(place);
      const { persist, polled } = await measureLatencies(place, appender, quick ? 50 : 500);
      const ratio = median(polled) / median(persist);
      figures.push(
        figureOf([ratio], {
          what,
          against: "a poll every 100 ms",
          unit: "×",
          orientation: {
            "median ms": shown(median(persist)),
            "p99 ms": shown(p99(persist)),
            "polled median ms": shown(median(polled)),
            "polled p99 ms": shown(p99(polled)),
          },
        }),
      );
    }
    return figures;
  },
};

const styles = [
  { name: "append, serial", call: inTurn, size: 1 },
  { name: `append, ${crowd} at once`, call: inCrowds, size: crowd },
] as const;

async function openLogs(folder: string, durability: Durability): Promise<readonly Log[]> {
  await mkdir(folder);
  return [await openPersistLog(folder, durability), await openLogByHand(folder, durability)];
}

const lengths = new WeakMap<Log, number>();

function appending(log: Log, count: number, call: typeof inTurn): Work {
  const before = lengths.get(log) ?? 0;
  const data = Array.from({ length: count }, (_, n) => ({ n: before + n + 1, text: "something has happened" }));
  return {
    count,
    async perform() {
      await call(data, log.append);
    },
    async verify() {
      lengths.set(log, before + count);
      const found = [];
      for await (const event of log.follow(before)) {
        found.push(event.data);
        if (found.length === count) break;
      }
      deepStrictEqual(found, data);
    },
  };
}

function following(log: Log): Work {
  let seen = 0;
  let sum = 0;
  return {
    count: followed,
    async perform() {
      for await (const { data } of log.follow(0)) {
        sum += (data as { n: number }).n;
        if (++seen === followed) break;
      }
    },
    async verify() {
      deepStrictEqual([seen, sum], [followed, (followed * (followed + 1)) / 2]);
    },
  };
}

function toFigure(what: string, rates: ReadonlyMap<string, readonly number[]>): Figure {
  const [ours, theirs] = [rates.get("persist") ?? [], rates.get(byHand) ?? []];
  return figureOf(ratios(ours, theirs), {
    what,
    against: byHand,
    unit: "×",
    orientation: { "persist k/s": shown(median(ours) / 1000), "by hand k/s": shown(median(theirs) / 1000) },
  });
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] as number;
}

function shown(value: number): string {
  return value.toPrecision(3);
}
