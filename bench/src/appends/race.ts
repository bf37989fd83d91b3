/** Appending to one log by 32 writers: Persist against other ways to do it. */
import { deepStrictEqual } from "node:assert";
import sqlDriver from "postgres";
import { type Bar, type Figure, figureOf, ratios } from "../figure.ts";
import { interleave, type Pace, type Racer, type Rates } from "../interleave.ts";
import type { BenchServer } from "../postgres/server.ts";
import { thousands } from "../race.ts";
import type { SuiteOptions } from "../suite.ts";
import { type MechanismName, mechanisms } from "./mechanisms.ts";
import { startWriters } from "./writers.ts";

const writers = 32;

/** In one process Persist gathers what is appended at once. Of several, each waits for the lock of the others. */
const crews: readonly { readonly processes: number; readonly bar: Bar | undefined }[] = [
  { processes: 1, bar: { atLeast: 1 } },
  { processes: 4, bar: undefined },
];

export async function appendFigures(
  server: BenchServer,
  others: readonly MechanismName[],
  { quick, progress }: Pick<SuiteOptions, "quick" | "progress">,
): Promise<Figure[]> {
  const pace: Pace = quick ? { rounds: 9, sample: 50, warmUp: 400 } : { rounds: 41, sample: 60, warmUp: 1500 };
  const figures: Figure[] = [];
  for (const { processes, bar } of crews) {
    const what = `append, ${writers} writers in ${processes === 1 ? "one process" : `${processes} processes`}`;
    progress(what);
    const rates = await raceAppends(server, ["persist", ...others], processes, pace);
    const ours = rates.get("persist") as readonly number[];
    for (const against of others) {
      const theirs = rates.get(against) as readonly number[];
      figures.push(
        figureOf(ratios(ours, theirs), {
          what,
          against,
          unit: "×",
          bar: against === "naive" ? bar : undefined,
          orientation: { "persist k/s": thousands(ours), "other k/s": thousands(theirs) },
        }),
      );
    }
  }
  return figures;
}

export async function raceAppends(
  server: BenchServer,
  names: readonly MechanismName[],
  processes: number,
  pace: Pace,
): Promise<Rates> {
  const lanes = [];
  for (const name of names) lanes.push(await openLane(server, name, processes));
  const rates = await interleave(lanes, pace);
  for (const lane of lanes) await lane.close();
  return rates;
}

async function openLane(
  server: BenchServer,
  name: MechanismName,
  processes: number,
): Promise<Racer & { close(): Promise<void> }> {
  const mechanism = mechanisms[name];
  const url = await server.database(`${name} by ${processes}`);
  await mechanism.make(url);
  const crew = await startWriters(name, url, { processes, writers });
  const sql = sqlDriver(url, { max: 1 });
  let appended = 0;
  return {
    name,
    prepare(units) {
      const count = units * writers;
      return {
        count,
        perform: () => crew.append(count),
        async verify() {
          appended += count;
          const positions = await mechanism.positions(sql);
          deepStrictEqual(positions.length, appended);
          if (mechanism.dense) deepStrictEqual(positions.at(-1), appended);
        },
      };
    },
    settle: async () => undefined,
    async close() {
      await crew.close();
      await sql.end();
    },
  };
}
