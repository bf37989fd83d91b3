/** How long it takes from the moment an append begins until a follower has its event, in milliseconds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { openPersistLog, selectEvents } from "./log.ts";

/** On one clock in all processes of the machine. */
export const clock = (): number => performance.timeOrigin + performance.now();

/** Between two appends: at random, so that they fall anywhere between two polls. */
export const pause = (): Promise<void> => wait(5 + Math.random() * 30);

/** How often the loop by hand looks. */
const pollInterval = 100;

export interface Latencies {
  readonly persist: readonly number[];
  readonly polled: readonly number[];
}

/** `count` appends, followed by a subscription and by a loop that polls the same file. */
export async function measureLatencies(
  folder: string,
  appender: "here" | "elsewhere",
  count: number,
): Promise<Latencies> {
  const log = await openPersistLog(folder, "relaxed");
  const subscription = log.store.events.subscribe({ after: "start" });
  await subscription.ready;
  const polled = poll(join(folder, "persist.db"), count);
  const persist: number[] = [];
  const reading = (async () => {
    for await (const { data } of subscription) {
      persist.push(clock() - (data as { at: number }).at);
      if (persist.length === count) break;
    }
  })();
  if (appender === "elsewhere") await appendElsewhere(folder, count);
  else {
    for (let n = 0; n < count; n++) {
      await log.append({ at: clock() });
      await pause();
    }
  }
  await reading;
  const latencies = { persist, polled: await polled };
  await log.close();
  return latencies;
}

async function poll(path: string, count: number): Promise<number[]> {
  const db = new Database(path, { readonly: true });
  const selectPage = selectEvents(db);
  const latencies: number[] = [];
  for (let last = 0; latencies.length < count; await wait(pollInterval)) {
    for (const { position, data } of selectPage(last)) {
      latencies.push(clock() - (data as { at: number }).at);
      last = position;
    }
  }
  db.close();
  return latencies;
}

async function appendElsewhere(folder: string, count: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "appender.ts"), folder, String(count)], {
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the process that appends ended with ${code}`);
}
