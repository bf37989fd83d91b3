import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { test as base, describe, expect } from "vitest";

const program = join(import.meta.dirname, "..", "crash", "main.ts");

interface Outcome {
  code: number;
  figures: Record<string, number>;
  /** What it told meanwhile. */
  said: string;
}

function crash(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = ["--conditions=@cuitty/source", program, ...args, "--json"];
    // Servers are killed, which is done to our own only.
    execFile(
      process.execPath,
      command,
      { env: { ...process.env, PERSIST_TEST_PG_URL: "" } },
      (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), figures: JSON.parse(stdout || "{}"), said: stderr });
      },
    );
  });
}

const noPostgres = mayBeMissing(() => findPostgres());

describe.each([
  { target: "sqlite", missing: "" },
  { target: "lift", missing: "" },
  { target: "p2p", missing: "" },
  { target: "postgres", missing: noPostgres },
  { target: "s3", missing: "" },
])("killed writers on $target", { timeout: 600_000 }, ({ target, missing }) => {
  const test = base.skipIf(missing);

  test("have lost nothing that they acknowledged", async () => {
    const { code, figures, said } = await crash(target, "--rounds", "6");
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(figures).toMatchObject({ rounds: 6, lost: 0, torn: 0, half: 0, disorder: 0, failed: 0, passed: true });
  });

  test("are found out when they acknowledge too early", async () => {
    const { code, figures, said } = await crash(target, "--rounds", "40", "--break", "acknowledge-early");
    expect({ code, said }).toMatchObject({ code: 1 });
    expect(figures.lost).toBeGreaterThan(0);
  });

  test("are found out when they split a transaction", async () => {
    const { code, figures, said } = await crash(target, "--rounds", "40", "--break", "split-transactions");
    expect({ code, said }).toMatchObject({ code: 1 });
    expect(figures.half).toBeGreaterThan(0);
  });
});

// Continuous integration has all of this.
const powerCanBeCut =
  process.getuid?.() === 0 && existsSync("/dev/loop-control") && ["/usr/sbin/xfs_io", "/sbin/xfs_io"].some(existsSync);

describe.skipIf(!powerCanBeCut)("power cuts (needs root, loop devices and xfs_io)", { timeout: 120_000 }, () => {
  base("take nothing that SQLite has acknowledged", async () => {
    const { code, figures, said } = await crash("sqlite-power", "--rounds", "6");
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(figures).toMatchObject({ rounds: 6, lost: 0, torn: 0, half: 0, disorder: 0, failed: 0, passed: true });
  });

  base("are real: with relaxed durability something is lost, and nothing torn", async () => {
    const { code, figures, said } = await crash("sqlite-power-relaxed", "--rounds", "12");
    expect({ code, said }).toMatchObject({ code: 1 });
    expect(figures).toMatchObject({ torn: 0, failed: 0 });
    expect(figures.lost).toBeGreaterThan(0);
  });
});

base("an unknown target is refused with those that there are", async () => {
  const { code, said } = await crash("tape", "--rounds", "1");
  expect({ code, said }).toMatchObject({
    code: 2,
    said: expect.stringContaining("lift|p2p|postgres|s3|s3-ceph|sqlite"),
  });
});
