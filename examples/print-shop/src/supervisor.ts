/** Keeps processes running: another one for each that dies, until it is told to end. */
import cluster from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";

/** So long, in milliseconds, before one that died is replaced: where the database is away all of them die at once. */
const pause = 1_000;

/** `processes`: how many of each role, which a process finds in SHOP_ROLE. Those that listen on one port share it. */
export function keepRunning(processes: Readonly<Record<string, number>>, ending: AbortSignal): void {
  const start = (role: string): void => {
    const child = cluster.fork({ SHOP_ROLE: role });
    const end = () => child.process.kill("SIGTERM");
    ending.addEventListener("abort", end);
    child.on("exit", async (code, signal) => {
      ending.removeEventListener("abort", end);
      if (ending.aborted) return;
      console.log(`${role} ${child.process.pid} is gone (${signal ?? code})`);
      await delay(pause);
      if (!ending.aborted) start(role);
    });
  };
  for (const [role, count] of Object.entries(processes)) for (let i = 0; i < count; i++) start(role);
}
