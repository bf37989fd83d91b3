import type { DeleteOp, IndexEntry, Op, PutOp } from "@cuitty/persist-core";
import { PersistError } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test, vi } from "vitest";
import { commitLists } from "../src/commit.ts";
import type { Connection } from "../src/connection.ts";
import { begin, connect } from "./feed-reader.ts";
import { at, bytesOf, inPieces, type OpenedScope, openScope } from "./opened.ts";

const missing = mayBeMissing(() => findPostgres());

describe.skipIf(missing)(`commits that meet${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  test("leave neither half of what another one wrote where it deletes what was absent", async () => {
    const { opened, commit, open, waiting } = await meet();
    const taking = await open([record("holder", "x")]);
    const deleting = commit([remove("a"), record("taker", "x"), remove("b")]);
    await waiting(1);
    let isWritten = false;
    const writing = commit([record("a"), record("b")]).finally(() => {
      isWritten = true;
    });
    await vi.waitFor(async () => expect(isWritten || (await waiters(opened)) > 1).toBe(true));
    await taking.rollback();
    expect([await deleting, await writing]).toEqual(["applied", "applied"]);
    expect([[], ["a", "b"]]).toContainEqual(
      (
        await opened.sql<{ key: string }>(
          "select key from s.records where key in ('a', 'b') and version <> '' order by key",
        )
      ).map(({ key }) => key),
    );
  });

  test("do not take the unique tuple of a record that is kept alive meanwhile", async () => {
    const { commit, open, waiting } = await meet();
    await commit([record("old", "x", { expiresAt: 1000 })], 0);
    const renewing = await open([record("old", "x", { expiresAt: 9000 })], 999);
    const taking = commit([record("new", "x")], 1001);
    await waiting(1);
    await renewing.commit();
    expect(await taking).toBe("conflict");
  });

  test("take the unique tuple that a record gives up when it is kept alive", async () => {
    const { commit, open, waiting } = await meet();
    await commit([record("old", "x", { expiresAt: 1000 })], 0);
    const renewing = await open([record("old", "y", { expiresAt: 9000 })], 999);
    const taking = commit([record("new", "x")], 1001);
    await waiting(1);
    await renewing.commit();
    expect(await taking).toBe("applied");
  });

  test("delete a value that was written while they waited, and leave a tombstone behind it", async () => {
    const { opened, commit, open, waiting } = await meet();
    const set = (version: string): Op => ({ op: "put", space: "kv", key: "k", value: "1", version });
    await opened.sql("truncate s.deletions");
    for (const before of [[set("1")], []]) {
      if (before.length > 0) await commit(before);
      const writing = await open([set("2")]);
      const deleting = commitLists(opened.connection, opened.scope, [[{ ...remove("k"), space: "kv" }]], at(500));
      if (before.length > 0)
        await waiting(1); // else there is nothing to wait for
      else await deleting;
      await writing.commit();
      expect(await deleting).toMatchObject([{ outcome: "applied", answers: [{ existed: before.length > 0 }] }]);
    }
    expect(await opened.sql("select version from s.kv where version <> ''")).toEqual([{ version: "2" }]);
    expect(await opened.sql("select reason, xact > 0 as placed from s.deletions")).toEqual([
      { reason: "deleted", placed: true },
    ]);
  });

  test("release the bytes of each blob that is replaced", async () => {
    const { opened, commit, open, waiting } = await meet();
    const blob = async (seed: number): Promise<Op> => {
      const { token } = await opened.bytes.stage(inPieces(bytesOf(10, seed)), at(0));
      return { op: "put", space: "blobs", key: "k", value: "{}", version: `blob-${seed}`, content: token };
    };
    for (const before of [[], [await blob(1)]]) {
      if (before.length > 0) await commit(before);
      const first = await open([await blob(before.length + 2)]);
      const second = commit([await blob(before.length + 4)]);
      await waiting(1);
      await first.commit();
      expect(await second).toBe("applied");
      expect(await opened.sql("select id from s.blob_contents where free_at is null")).toEqual(
        await opened.sql("select content as id from s.blobs"),
      );
    }
  });

  test("answer what was applied where a list after it has to be judged aside and cannot", async () => {
    const { opened, commit } = await meet();
    await commit([{ op: "put", space: "kv", key: "odd", value: "1.5", version: "odd" }]);
    const connection: Connection = {
      ...opened.connection,
      transaction: () => Promise.reject(new PersistError("UNAVAILABLE", "No connection is left.")),
    };
    const lists: Op[][] = ["n", "odd", "m"].map((key) => [
      { op: "add", space: "kv", key, by: 1, version: `to-${key}` },
    ]);
    lists.push([remove("a"), remove("b")]); // or they go by their keys
    const results = await commitLists(connection, opened.scope, lists, at(1000));
    expect(results.map(({ outcome }) => outcome)).toEqual(["applied", "unknown", "unknown", "unknown"]);
    expect(await opened.sql("select key, value from s.kv where version <> '' order by key")).toEqual([
      { key: "n", value: "1" },
      { key: "odd", value: "1.5" },
    ]);
  });

  async function meet() {
    const opened = await openScope(database.url);
    const sql = connect(database.url);
    await opened.sql("truncate s.records, s.kv, s.blobs, s.record_index, s.blob_contents");
    const commit = async (ops: readonly Op[], now = 500) =>
      (await commitLists(opened.connection, opened.scope, [ops], at(now)))[0]?.outcome;
    return {
      opened,
      commit,
      /** Commits within a transaction that stays open. */
      async open(ops: readonly Op[], now = 500) {
        const transaction = await begin(sql, opened.connection);
        const [result] = await commitLists(transaction.connection, opened.scope, [ops], at(now));
        expect(result?.outcome).toBe("applied");
        return transaction;
      },
      waiting: (count: number) => vi.waitFor(async () => expect(await waiters(opened)).toBe(count)),
    };
  }
});

/** How many wait for a lock. */
async function waiters({ sql }: OpenedScope): Promise<number> {
  const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  return (await sql(waits)).length;
}

let made = 0;

function record(key: string, unique?: string, more: Partial<PutOp> = {}): PutOp {
  const index: IndexEntry[] =
    unique === undefined ? [] : [{ index: "i", tuple: new TextEncoder().encode(unique), unique: true }];
  return { op: "put", space: "records", key, value: "{}", version: `v${++made}`, index, ...more };
}

const remove = (key: string): DeleteOp => ({ op: "delete", space: "records", key, version: `v${++made}` });
