/** Which of the processes that have one file open is its peer in the network: the one that holds a lock beside the file, which ends with the process. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { betterSqlite3 } from "@cuitty/persist-sqlite/adapter";

export interface NetworkRole {
  release(): void;
}

/** Milliseconds between two attempts: how long it takes until another process goes on where one has ended. */
const interval = 500;

/** Resolves when this process has the role; `undefined` where it was given up before. */
export async function takeNetworkRole(
  folder: string,
  o: { readonly signal: AbortSignal; onWait(): void },
): Promise<NetworkRole | undefined> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = await betterSqlite3.open(join(folder, "network.lock"), { readOnly: false });
  try {
    db.exec("pragma busy_timeout = 0");
    for (let waits = 0; !o.signal.aborted; waits++) {
      try {
        db.exec("begin exclusive");
        return { release: () => db.close() };
      } catch (error) {
        if (!/BUSY|LOCKED/.test(betterSqlite3.resultCode(error) ?? "")) throw error;
      }
      if (waits === 0) o.onWait();
      await pause(o.signal);
    }
  } catch (error) {
    db.close();
    throw error;
  }
  db.close();
  return undefined;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, interval).unref();
    signal.addEventListener("abort", end, { once: true });
  });
}
