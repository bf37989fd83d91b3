// Places that several processes have open at once, and how the network between them and the place may break.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { checkIntegrity as checkSchema } from "@cuitty/persist-postgres/adapter";
import { createDatabase, type Proxy as Network, startProxy } from "@cuitty/persist-servers";
import { sharedPostgres } from "@cuitty/persist-servers/vitest";
import { checkIntegrity as checkFile } from "@cuitty/persist-sqlite/adapter";
import { createDice } from "../src/history/dice.ts";
import type { SharedAdapter } from "./processes/shared-adapters.ts";

export interface SharedPlace {
  readonly adapter: SharedAdapter;
  /** What the adapter needs to find it. */
  readonly location: string;
  /** The same, past what `disturb` breaks: it may still have a reply to lose when it has ended. */
  readonly quietLocation?: string;
  /** What is wrong below the store. */
  check(): Promise<readonly string[]>;
  /** Breaks connections, and has replies be lost, now and then until the signal. */
  disturb?(seed: number, end: AbortSignal): Promise<void>;
  remove(): Promise<void>;
}

export async function sqliteFile(): Promise<SharedPlace> {
  const folder = mkdtempSync(join(tmpdir(), "persist-histories-"));
  const location = join(folder, "a.db");
  return {
    adapter: "sqlite",
    location,
    check: () => checkFile(location),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

export async function postgresDatabase(): Promise<SharedPlace> {
  const { url, drop } = await createDatabase(await sharedPostgres());
  return { adapter: "postgres", location: url, check: () => checkSchema({ url }), remove: drop };
}

export async function postgresAcrossBadNetwork(): Promise<SharedPlace> {
  const database = await postgresDatabase();
  const proxy = await startProxy(Number(new URL(database.location).port));
  return {
    ...database,
    location: proxy.through(database.location),
    quietLocation: database.location,
    disturb: (seed, end) => disturb(proxy, seed, end),
    async remove() {
      await proxy.close();
      await database.remove();
    },
  };
}

/** Milliseconds between two breaks, at most. */
const calm = 600;

async function disturb(network: Network, seed: number, end: AbortSignal): Promise<void> {
  const dice = createDice(seed);
  while (!end.aborted) {
    await wait(dice.below(calm), undefined, { signal: end }).catch(() => undefined);
    if (dice.below(2) === 0) network.cut();
    else void network.loseReplyAfter(() => true);
  }
}
