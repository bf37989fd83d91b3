/** Whether a server still has to do with clients that are gone: it closes a connection when it has done what it was told on it. Linux only. */
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

/** Of the kernel: what stands for itself, and what nobody has any more. */
const [timeWait, listening] = ["06", "0A"];

export async function untilDisconnected(port: number): Promise<void> {
  while (await hasConnections(port)) await pause(5);
}

async function hasConnections(port: number): Promise<boolean> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => "")),
  );
  return tables.some((table) =>
    table.split("\n").some((line) => {
      const [, address = "", , state = ""] = line.trim().split(/\s+/);
      return address.endsWith(local) && state !== timeWait && state !== listening;
    }),
  );
}
