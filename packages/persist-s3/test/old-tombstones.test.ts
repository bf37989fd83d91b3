import { expect, test } from "vitest";
import { startDouble } from "./buckets.ts";
import { at, commit, everything, newVersion, openEngineOn, put } from "./engines.ts";

const hour = 60 * 60 * 1000;

async function deleteLongAgo(profile: "aws" | "ceph16"): Promise<{ left: number; again: unknown }> {
  let late = -2 * hour;
  const double = await startDouble({ profile, clock: () => Date.now() + late });
  const engine = await openEngineOn(double);
  await commit(engine, 1, put("a", 1), put("b", 1));
  await commit(engine, 2, { op: "delete", space: "kv", key: "a", version: newVersion() });
  late = 0;
  const reader = await openEngineOn(double);
  const seen = await reader.scan("kv", everything, at(3));
  expect(seen.rows.map(({ key }) => key)).toEqual(["b"]);
  while ((await reader.sweep(at(3))).more);
  double.requests.reset();
  await reader.scan("kv", everything, at(3));
  const left = double.requests.count("GetObject");
  // Those who remember the tombstone go on.
  const again = await commit(engine, 4, put("a", 2, { ifVersion: null }));
  return { left, again };
}

test("tombstones of long ago are removed where DELETE is conditional", async () => {
  expect(await deleteLongAgo("aws")).toMatchObject({ left: 1, again: { outcome: "applied" } });
});

test("elsewhere they stay", async () => {
  expect(await deleteLongAgo("ceph16")).toMatchObject({ left: 2, again: { outcome: "applied" } });
});
