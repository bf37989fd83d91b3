import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startPeer } from "../src/p2p/lane.ts";
import { endAll, openPair } from "../src/p2p/pair.ts";
import { digestAfter } from "../src/p2p/record.ts";

test.each(["automerge-repo", "OrbitDB", "Yjs"] as const)(
  "%s brings ten records, and a changed one after the connection was cut",
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), "bench-p2p-"));
    const processes = await Promise.all([startPeer(name), startPeer(name)]);
    try {
      await using pair = await openPair(processes, folder);
      await pair.write({ first: 0, count: 10, revision: 0 });
      const { milliseconds, bytes } = await pair.meet();
      expect(milliseconds).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThan(500);
      await pair.check();
      pair.gate.cut();
      await pair.write({ first: 3, count: 1, revision: 1 });
      await pair.meet();
      await pair.check();
      expect(await pair.reader.digest()).not.toBe(digestAfter([{ first: 0, count: 10, revision: 0 }]));
    } finally {
      await endAll(processes);
      await rm(folder, { recursive: true });
    }
  },
);
