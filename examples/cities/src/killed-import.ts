/** Lets another process import, and kills it in the middle. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createStore } from "@cuitty/persist";
import { audit } from "./audit.ts";
import type { CityInSource } from "./city.ts";
import { batchSizeOf } from "./import-cities.ts";
import type { Report } from "./report.ts";
import { count } from "./table.ts";

const importer = fileURLToPath(new URL("importer.ts", import.meta.url));

export interface KilledImport {
  /** Those that the process has acknowledged. */
  transactions: number;
  /** How many cities are in, by its last word. */
  acknowledged: number;
  /** It did not end by itself. */
  killed: boolean;
}

/** Kills somewhere between a tenth and three quarters of the way from `done` to `total`. */
export async function killImport(path: string, done: number, total: number): Promise<KilledImport> {
  const enough = Math.ceil(((total - done) / batchSizeOf(total)) * (0.1 + Math.random() * 0.65));
  const child = spawn(process.execPath, [...process.execArgv, importer, path, String(total)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (_, signal) => resolve(signal));
  });

  let transactions = 0;
  let acknowledged = done;
  let firstAt = 0;
  let rest = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (transactions === 0) firstAt = performance.now();
      transactions++;
      acknowledged = Number(line);
      if (transactions !== enough) continue;
      const usual = (performance.now() - firstAt) / transactions;
      setTimeout(() => child.kill("SIGKILL"), Math.random() * usual); // anywhere in the next transaction
    }
  }
  return { transactions, acknowledged, killed: (await exit) === "SIGKILL" };
}

/** `done` cities are in. */
export async function showKilledImport(
  path: string,
  cities: readonly CityInSource[],
  done: number,
  report: Report,
): Promise<void> {
  report.step("Kill an import: another process goes on with it, and gets SIGKILL at a random moment");
  const { transactions, acknowledged, killed } = await killImport(path, done, cities.length);
  report.check(`it was killed after it had acknowledged ${count(transactions)} transactions`, killed);

  const began = performance.now();
  await using store = await createStore({ name: "cities", path });
  report.say(`the store is open again after ${(performance.now() - began).toFixed(0)} ms`);
  const { checkpoint, lost, ahead, logComplete } = await audit(store, cities);
  report.check(
    `acknowledged were ${count(acknowledged)} cities, stored are ${count(checkpoint.done)}: ${count(lost)} lost`,
    lost === 0 && checkpoint.done >= acknowledged,
  );
  report.check(
    `${count(ahead)} cities of a half transaction are visible, and the log agrees`,
    ahead === 0 && logComplete,
  );
}
