// Many processes in one place, one of which may be killed midway, and between which the network may break: what all of them were told fits together.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createStore } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Call } from "../src/history/call.ts";
import { type AppendCall, checkEventOrder, type ReadCall } from "../src/history/event-order.ts";
import { checkLinearizable } from "../src/history/linearizable.ts";
import { sharedAdapters } from "./processes/shared-adapters.ts";
import {
  postgresAcrossBadNetwork,
  postgresDatabase,
  type SharedPlace,
  s3AcrossBadNetwork,
  s3Double,
  sqliteFile,
} from "./shared-places.ts";

const processes = 4;
const clients = 4;
/** Of all processes together. */
const many = 20_000;
/** Where each takes some requests of a server in this process. */
const fewer = 1000;
const program = fileURLToPath(new URL("processes/history-client.ts", import.meta.url));

interface Client {
  readonly child: ChildProcess;
  readonly journal: string;
}

interface Work {
  readonly kind: string;
  readonly seed: number;
  readonly kills: boolean;
  readonly operations: number;
}

function start(
  { adapter, location }: SharedPlace,
  folder: string,
  { kind, seed, operations }: Work,
  n: number,
): Client {
  const journal = join(folder, `journal-${n}`);
  const share = String(operations / processes);
  const args = [adapter, location, journal, kind, String(seed + 1000 * n), share, String(clients), `p${n}`];
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", program, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, journal };
}

/** Runs all processes to their end, but for the first, which is killed in the middle of its work. Answers the journals. */
async function run(place: SharedPlace, work: Work): Promise<[id: string, call: unknown][]> {
  const folder = mkdtempSync(join(tmpdir(), "persist-journals-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const all = Array.from({ length: processes }, (_, n) => start(place, folder, work, n));
  const ends = all.map(({ child }) => once(child, "exit"));
  await Promise.all(all.map(({ child }) => once(child.stdout as NonNullable<typeof child.stdout>, "data")));
  for (const { child } of all) child.stdin?.write("go\n");
  const over = new AbortController();
  const disturbed = place.disturb?.(work.seed, over.signal);
  const [first] = all as [Client];
  if (work.kills) {
    const isHalfway = () => readFileSync(first.journal, "utf8").split("\n").length > work.operations / processes;
    while (!isHalfway()) await wait(5);
    first.child.kill("SIGKILL");
  }
  const codes = (await Promise.all(ends)).map(([code]) => code as number | null);
  over.abort();
  await disturbed;
  expect(codes).toEqual([work.kills ? null : 0, 0, 0, 0]);
  return all.flatMap(({ journal }) =>
    readFileSync(journal, "utf8")
      .split("\n")
      .slice(0, -1) // what comes after the last newline is nothing, or was cut off by the kill
      .map((line) => JSON.parse(line)),
  );
}

async function readLog({ adapter: name, location, quietLocation = location }: SharedPlace) {
  const adapter = await sharedAdapters[name](quietLocation);
  const store = await createStore({ name: "histories", adapter });
  const log = await store.events.readAll().toArray({ max: 1_000_000 });
  await store.close();
  await adapter.close?.();
  return log;
}

const missing = mayBeMissing(() => findPostgres());

describe.each([
  { where: "on SQLite, none of which is killed", make: sqliteFile, kills: false, operations: many, skips: "" },
  { where: "on SQLite, one of which is killed", make: sqliteFile, kills: true, operations: many, skips: "" },
  {
    where: "on Postgres, none of which is killed",
    make: postgresDatabase,
    kills: false,
    operations: many,
    skips: missing,
  },
  {
    where: "on Postgres, one of which is killed",
    make: postgresDatabase,
    kills: true,
    operations: many,
    skips: missing,
  },
  {
    where: "on Postgres across a bad network",
    make: postgresAcrossBadNetwork,
    kills: false,
    operations: many,
    skips: missing,
  },
  { where: "on S3, none of which is killed", make: s3Double, kills: false, operations: fewer, skips: "" },
  { where: "on S3, one of which is killed", make: s3Double, kills: true, operations: fewer, skips: "" },
  { where: "on S3 across a bad network", make: s3AcrossBadNetwork, kills: false, operations: fewer, skips: "" },
])("of four processes $where,", ({ make, kills, operations, skips }) => {
  const seed = Math.trunc(Math.random() * 2 ** 31);

  async function open(): Promise<SharedPlace> {
    const place = await make();
    onTestFinished(() => place.remove());
    return place;
  }

  describe.skipIf(skips)(`(seed ${seed})${skips && ` (skipped: ${skips})`}`, { timeout: 300_000 }, () => {
    test.each(["kv", "records"])("the calls on %s fit together", async (kind) => {
      const place = await open();
      // A call that is over stands behind its own beginning; one that was cut off has a beginning only.
      const calls = [...new Map(await run(place, { kind, seed, kills, operations })).values()] as Call[];
      expect(checkLinearizable(calls)).toMatchObject({ linearizable: true });
      const swaps = calls.filter(({ action }) => action.do === "compareAndSet" && action.applied === true);
      expect(swaps.length).toBeGreaterThan(operations / 40);
      expect(calls.length).toBeGreaterThanOrEqual(kills ? operations * 0.75 : operations);
      const unknown = calls.filter(({ answered, action }) => answered === undefined && action.do !== "get");
      if (place.tellsOutages === true) expect(unknown.length).toBeGreaterThan(0);
      expect(await place.check()).toEqual([]);
    });

    test("the events fit together", async () => {
      const place = await open();
      const journal = await run(place, { kind: "events", seed, kills, operations });
      const reads = journal.filter(([id]) => id === "read").map(([, read]) => read as ReadCall);
      const appends = [...new Map(journal.filter(([id]) => id !== "read")).values()] as AppendCall[];
      expect(checkEventOrder(await readLog(place), appends, reads)).toEqual([]);
      if (place.tellsOutages !== true) {
        expect(appends.length + reads.length).toBeGreaterThanOrEqual(kills ? operations * 0.75 : operations);
      } else {
        const unknown = appends.filter(({ answered, refused }) => answered === undefined && !refused);
        expect(unknown.length).toBeGreaterThan(0);
        expect(appends.length).toBeGreaterThan(operations / 4);
      }
      expect(await place.check()).toEqual([]);
    });
  });
});
