/**
 * Random schedules on a virtual network, in virtual time: what heals becomes equal, and nothing that was acknowledged is lost. `PERSIST_SCHEDULES=10000` runs more of them; `PERSIST_SEED=17` begins there.
 */
import { expect, test } from "vitest";
import { runSchedule } from "./simulation/schedule.ts";

const schedules = Number(process.env.PERSIST_SCHEDULES ?? 100);
const first = Number(process.env.PERSIST_SEED ?? 1);

test(`${schedules} schedules from seed ${first}`, { timeout: 60_000 + schedules * 10_000 }, () => {
  const failures: string[] = [];
  for (let seed = first; seed < first + schedules && failures.length < 5; seed += 1) {
    try {
      runSchedule(seed);
    } catch (error) {
      const again = `npm run exec -- node --conditions=@cuitty/source packages/persist-p2p/test/simulation/run.ts ${seed}`;
      failures.push(`seed ${seed}: ${(error as Error).message}; with all that happened: ${again}`);
    }
  }
  expect(failures).toEqual([]);
});
