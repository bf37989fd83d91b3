// Places that several processes have open at once, and how the network between them and the place may break.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { checkIntegrity as checkSchema } from "@cuitty/persist-postgres/adapter";
import { createBucket, createDatabase, type Proxy as Network, startProxy } from "@cuitty/persist-servers";
import { sharedPostgres } from "@cuitty/persist-servers/vitest";
import { checkIntegrity as checkFile } from "@cuitty/persist-sqlite/adapter";
import { slowDown, startS3Double } from "@cuitty/persist-testkit/s3-double";
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
  /** Whether callers hear of what `disturb` breaks: else the adapter finds out what became of a call. */
  readonly tellsOutages?: boolean;
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
    tellsOutages: true,
    async remove() {
      await proxy.close();
      await database.remove();
    },
  };
}

/** On a double in this process, which loses replies and asks for patience where it is told to. */
async function s3Bucket(disturbed: boolean): Promise<SharedPlace> {
  const double = await startS3Double();
  const { endpoint, region, credentials, bucket } = await createBucket(double);
  const place: SharedPlace = {
    adapter: "s3",
    location: JSON.stringify({ endpoint, region, credentials, bucket }),
    check: async () => [],
    remove: () => double.close(),
  };
  if (!disturbed) return place;
  return {
    ...place,
    async disturb(_, end) {
      const rules = [
        double.faults.add({ fault: { kind: "lose-reply" }, share: 0.01 }),
        double.faults.add({ fault: { kind: "lose-request" }, share: 0.01 }),
        double.faults.add({ fault: slowDown, share: 0.02 }),
      ];
      if (!end.aborted) await once(end, "abort");
      for (const rule of rules) rule.remove();
    },
  };
}

export const s3Double = (): Promise<SharedPlace> => s3Bucket(false);
export const s3AcrossBadNetwork = (): Promise<SharedPlace> => s3Bucket(true);

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
