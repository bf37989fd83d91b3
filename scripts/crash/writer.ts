/**
 * A process that works on a store until it is killed: `writer.ts <target>`. It loads everything first, then waits on stdin for its assignment, one JSON line; anything more
 * on stdin, or its end, asks it to finish what it has begun and to end by itself.
 */
import { createInterface } from "node:readline";
import type { Assignment } from "./assignment.ts";
import { tell } from "./journal.ts";
import { workLane } from "./lane.ts";
import { createPlan } from "./plan.ts";
import { loadTarget } from "./target.ts";

const target = await loadTarget(process.argv[2] ?? "");
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
tell("ready");

const { value: line } = await input.next();
if (line !== undefined) {
  let stopping = false;
  void input.next().then(() => {
    stopping = true;
  });
  await work(JSON.parse(line), () => stopping);
}
process.exit();

async function work(assignment: Assignment, isStopping: () => boolean): Promise<void> {
  const { location, seed, first, spare, break: broken } = assignment;
  const store = await target.open(location);
  tell("open");
  const plan = createPlan(seed, target);
  const left = [...spare];
  const workOn = async (id: string | undefined) => {
    for (let lane = id; lane !== undefined && !isStopping(); lane = left.shift()) {
      await workLane(store, plan, lane, { break: broken, isStopping });
    }
  };
  await Promise.all(first.map(workOn));
  await store.close();
}
