// SQLite whose driver fails: whichever call it is, no answer is wrong, nothing acknowledged is lost, nothing is half there, and the store goes on.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, type ErrorCode, PersistError, type Store } from "@cuitty/persist-core";
import { sqlite } from "@cuitty/persist-sqlite/adapter";
import { afterAll, describe, expect, it } from "vitest";
import { faultyDriver, sqliteError } from "../../persist-sqlite/test/faulty-driver.ts";
import { type Fault, type Victim, withstand } from "../src/faults/withstand.ts";

const folder = mkdtempSync(join(tmpdir(), "persist-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Failing {
  readonly what: string;
  /** As SQLite tells it. */
  readonly error: string;
  readonly code: ErrorCode;
  /** Whether the call has done what it says that it has not: of a COMMIT nobody knows. */
  readonly when: "before" | "after";
  /** One call, or all from that one on until whoever meets them has given up: then ROLLBACK fails too, and so does finding out. */
  readonly lasts: boolean;
  /** Every so many calls are tried. */
  readonly stride: number;
}

const failures: readonly Failing[] = [
  {
    what: "fails",
    error: "SQLITE_IOERR_WRITE",
    code: "UNAVAILABLE",
    when: "before",
    lasts: false,
    stride: 1,
  },
  {
    what: "fails though it was done",
    error: "SQLITE_IOERR_FSYNC",
    code: "UNAVAILABLE",
    when: "after",
    lasts: false,
    stride: 1,
  },
  {
    what: "fails, and so do those after it",
    error: "SQLITE_IOERR_READ",
    code: "UNAVAILABLE",
    when: "before",
    lasts: true,
    stride: 3,
  },
  {
    what: "fails though it was done, and so do those after it",
    error: "SQLITE_IOERR",
    code: "UNAVAILABLE",
    when: "after",
    lasts: true,
    stride: 3,
  },
  { what: "finds the disk full", error: "SQLITE_FULL", code: "NO_SPACE", when: "before", lasts: false, stride: 6 },
  { what: "finds the file busy", error: "SQLITE_BUSY", code: "UNAVAILABLE", when: "before", lasts: false, stride: 6 },
];

let files = 0;

/** A file of its own, and a driver for it whose n-th call fails. Calls count while `counts`. */
function prepare({ error, code, when, lasts }: Failing, n: number) {
  const path = join(folder, `${++files}.db`);
  let calls = 0;
  let counts = false;
  let isHealed = false;
  let struckAt = "which never came";
  const fault: { -readonly [P in keyof Fault]: Fault[P] } = {
    struck: false,
    hangs: false,
    code,
    onStrike: () => undefined,
    heal() {
      isHealed = true;
    },
  };
  const driver = faultyDriver({
    [when](sql: string) {
      if (!counts || isHealed || ++calls < n || (calls > n && !lasts)) return;
      if (calls === n) {
        fault.struck = true;
        struckAt = sql;
        fault.onStrike();
      }
      throw sqliteError(error);
    },
  });
  return {
    fault,
    count(on: boolean) {
      counts = on;
    },
    open: () => sqlite({ path, driver }),
    struckAt: () => struckAt,
    remove() {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    },
  };
}

type Prepared = ReturnType<typeof prepare>;

/** Runs `trial` with the n-th call failing, for more and more n, until it comes through untouched. */
async function eachCall(failing: Failing, trial: (prepared: Prepared, isEven: boolean) => Promise<void>) {
  for (let i = 0; ; i++) {
    const n = 1 + i * failing.stride;
    const prepared = prepare(failing, n);
    try {
      await trial(prepared, i % 2 === 0);
    } catch (cause) {
      throw new Error(`call number ${n}, ${prepared.struckAt()}: ${String(cause)}`, { cause });
    } finally {
      prepared.remove();
    }
    if (!prepared.fault.struck) return;
  }
}

async function openStore({ open }: Prepared, now: () => number = Date.now): Promise<Store> {
  const adapter = await open();
  try {
    const store = await createStore({ name: "faults", adapter, clock: now });
    const close = async () => {
      await store.close();
      await adapter.close?.();
    };
    return { ...store, close };
  } catch (error) {
    await adapter.close?.();
    throw error;
  }
}

/** Whether each commit is still synced, as `durability` promises. */
function syncs(store: Store): boolean {
  const db = store.raw<{ pragma(name: string, o: { simple: true }): unknown }>();
  return db.pragma("synchronous", { simple: true }) === 2;
}

describe("a call to the driver that", () => {
  it.each(failures)("$what, while much is done", { timeout: 120_000 }, (failing) =>
    eachCall(failing, (prepared, reopens) => {
      const victim: Victim = {
        async open({ now }) {
          prepared.count(false);
          const store = await openStore(prepared, now);
          prepared.count(true);
          return store;
        },
        async end(store) {
          prepared.count(false);
          await store.kv.get("a"); // what failed is made good when somebody comes
          expect(syncs(store)).toBe(true);
          await store.close();
        },
      };
      return withstand(victim, prepared.fault, { reopens });
    }),
  );

  it.each(failures)("$what, while a file is opened that is new, or is not", { timeout: 120_000 }, (failing) =>
    eachCall(failing, async (prepared, isNew) => {
      const expected = isNew ? undefined : "kept";
      if (!isNew) {
        const store = await openStore(prepared);
        await store.kv.set("a", "kept");
        await store.close();
      }
      prepared.count(true);
      const opened = await openStore(prepared).catch((error: unknown) => error);
      prepared.count(false);
      if (opened instanceof Error) expect(PersistError.is(opened) && opened.code).toBe(failing.code);
      else {
        expect(await (opened as Store).kv.get("a")).toBe(expected);
        await (opened as Store).close();
      }
      const store = await openStore(prepared);
      expect(syncs(store)).toBe(true);
      expect(await store.kv.get("a")).toBe(expected);
      await store.kv.set("b", 1);
      await store.close();
    }),
  );
});
