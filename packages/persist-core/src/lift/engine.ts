/**
 * The lift: four methods made into an engine, with the semantics of every other. What the adapter lacks is emulated in the process, so that one process may write
 * at a time; what it has (order, batches) saves calls. Where things stand: layout.ts; how several writes become one commit: journal.ts.
 */
import type { Capabilities } from "../api/capabilities.ts";
import type { Engine, EngineOptions, PersistAdapter, Scope } from "../contract.ts";
import { commitLimits } from "../limits.ts";
import { createBytes } from "./bytes.ts";
import { readChanges } from "./changes.ts";
import { commit } from "./commit.ts";
import { readEvents } from "./events.ts";
import { scanIndex } from "./index-entries.ts";
import { openScope } from "./open-scope.ts";
import { readRows, scanKeys } from "./rows.ts";
import { createSweeper } from "./sweeper.ts";
import type { View } from "./view.ts";

const capabilities: Capabilities = {
  transactions: "emulated",
  conditions: "emulated",
  watch: "emulated",
  indexes: "emulated",
  signedUrls: "absent",
  blobSnapshots: "native",
  blobConditions: "native",
  expectedVersion: "emulated",
  order: "total",
  isolation: "serializable",
  writers: "process",
  consistency: "strong",
  durability: "unknown",
  limits: commitLimits,
};

export async function lift(adapter: PersistAdapter, { name, namespace }: Scope): Promise<Engine> {
  const [scope, release] = await openScope(adapter, { name, namespace });
  const { layout, lock, journal, listeners } = scope;
  const sweeper = createSweeper(scope);

  /** Reads something of one moment: no commit happens meanwhile. */
  const look = async <T>(o: EngineOptions, read: (view: View) => Promise<T>): Promise<T> => {
    for (;;) {
      // The commit that is waited for may be the one that leaves a doubt.
      const seen = await lock.shared(
        async () => (journal.isInDoubt ? undefined : { result: await read(scope.view(o)) }),
        o,
      );
      if (seen !== undefined) return seen.result;
      await lock.exclusive(journal.dispel, o);
    }
  };

  return {
    adapter: "custom",
    capabilities,
    reads: "immediate",
    read: (space, keys, o) => look(o, (view) => readRows(view, layout, space, keys, o.now)),
    scan: (space, range, o) =>
      look(o, (view) =>
        range.by === "key" ? scanKeys(view, layout, space, range, o.now) : scanIndex(view, layout, range, o.now),
      ),
    events: (range, o) => look(o, (view) => readEvents(view, layout, range)),
    async commit(lists, o) {
      try {
        return await lock.exclusive(() => commit(scope, lists, o), o);
      } finally {
        for (const listener of listeners) listener();
        sweeper.nudge(o.now);
      }
    },
    changes: (since, limit, o) => look(o, (view) => readChanges(scope, view, since, limit, o)),
    latest: (o) => look(o, async () => String(scope.ledger.latest)),
    sweep: sweeper.step,
    wake(onWake) {
      const listener = () => onWake(); // the same function may listen twice
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    bytes: createBytes(scope, sweeper),
    raw: () => adapter,
    async close() {
      await sweeper.stop();
      await release();
    },
  };
}
