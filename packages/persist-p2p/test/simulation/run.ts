/** Runs one schedule again and prints what happened: `node run.ts <seed>`. */
import { runSchedule } from "./schedule.ts";

const [first, count, quiet] = process.argv.slice(2).map(Number);
for (let seed = first ?? 1; seed < (first ?? 1) + (count ?? 1); seed += 1) {
  try {
    const began = performance.now();
    const told = runSchedule(seed, count === undefined ? console.log : undefined);
    if (!quiet || performance.now() - began > 1000)
      console.log(seed, JSON.stringify(told), (performance.now() - began).toFixed(0));
  } catch (error) {
    console.log("SEED", seed, quiet ? String(error) : error);
  }
}
