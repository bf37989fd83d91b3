/** What has changed since a cursor, in the order of the commits, and the hint that something has. */
import type { ChangedRow, Engine, EngineOptions } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { append, apply, conflicting, later, put, remove, verb } from "../engine-verbs.ts";

const letters = ["a", "b", "c", "d", "e"];
/** All changes after a cursor, in pages. */
async function changesAfter(engine: Engine, o: EngineOptions, since?: string, limit = 100): Promise<ChangedRow[]> {
  const all: ChangedRow[] = [];
  for (let cursor = since; ; ) {
    const page = await engine.changes(cursor, limit, o);
    if (page.changes.length === 0) return all;
    all.push(...page.changes);
    cursor = page.cursor;
  }
}

const nameOf = ({ space, key }: ChangedRow) => `${space}/${key}`;

/** The last report of each key, which is the truth about it; earlier ones may tell of states that it has left. */
function latest(changes: readonly ChangedRow[]): ChangedRow[] {
  const byName = new Map<string, ChangedRow>();
  for (const change of changes) {
    byName.delete(nameOf(change));
    byName.set(nameOf(change), change);
  }
  return [...byName.values()];
}

export const engineChanges: Chapter = {
  section: "97.5",
  title: "The engine: changes",
  clauses: [
    verb(
      "K-engine-changes-empty",
      "Where nothing was written there are no changes, and the cursor says where one stands",
      async (engine, o) => {
        const page = await engine.changes(undefined, 10, o);
        equal(page.changes.length, 0, "how many changes");
        equal(typeof page.cursor, "string", "the type of the cursor");
        await apply(engine, o, put("k"));
        equal((await changesAfter(engine, o, page.cursor)).map(nameOf), ["kv/k"], "the changes after it");
      },
    ),

    verb(
      "K-engine-changes-all",
      "changes reports every key of every space, in the order of the commits",
      async (engine, o) => {
        await apply(engine, o, put("b"));
        await apply(engine, o, put("a", 1, { space: "records" }));
        await apply(engine, o, append("s", ["1"]));
        await apply(engine, o, put("c"));
        equal((await changesAfter(engine, o)).map(nameOf), ["kv/b", "records/a", "streams/s", "kv/c"], "the changes");
      },
    ),

    verb("K-engine-changes-state", "A change has the present state of its key", async (engine, o) => {
      const op = put("k", { a: 1 });
      await apply(engine, later(o, 5), op);
      const [change] = await changesAfter(engine, later(o, 5));
      equal([change?.version, change?.time], [op.version, o.now + 5], "version and time");
      equal([change?.row?.value, change?.row?.version], [op.value, op.version], "value and version of the row");
    }),

    verb(
      "K-engine-changes-latest",
      "A key that changed again stands at its latest place, with its latest state",
      async (engine, o) => {
        await apply(engine, o, put("a", 1));
        await apply(engine, o, put("b", 1));
        const again = put("a", 2);
        await apply(engine, o, again);
        const changes = latest(await changesAfter(engine, o));
        equal(changes.map(nameOf), ["kv/b", "kv/a"], "the changes");
        equal([changes[1]?.version, changes[1]?.row?.value], [again.version, "2"], "the state of a");
      },
    ),

    verb(
      "K-engine-changes-deleted",
      "A deletion is reported, with its version and without a row",
      async (engine, o) => {
        await apply(engine, o, put("a"), put("b"));
        const { cursor } = await engine.changes(undefined, 10, o);
        const gone = remove("a");
        await apply(engine, o, gone);
        const changes = latest(await changesAfter(engine, o, cursor));
        equal(changes.map(nameOf), ["kv/a"], "the changes");
        equal([changes[0]?.version, changes[0]?.row], [gone.version, undefined], "version and row");
        await apply(engine, o, put("a", 2));
        equal(
          latest(await changesAfter(engine, o)).map((change) => [nameOf(change), change.row?.value]),
          [
            ["kv/b", '"b"'],
            ["kv/a", "2"],
          ],
          "after it was made anew",
        );
      },
    ),

    verb(
      "K-engine-changes-resume",
      "Every cursor goes on right after its place: of a page, and of each change",
      async (engine, o) => {
        for (const key of letters) await apply(engine, o, put(key));
        const all = await changesAfter(engine, o);
        equal(
          all.map(({ key }) => key),
          letters,
          "all",
        );
        for (const [i, { cursor }] of all.entries()) {
          equal(
            (await changesAfter(engine, o, cursor)).map(({ key }) => key),
            letters.slice(i + 1),
            `after ${letters[i]}`,
          );
        }
        equal(
          (await changesAfter(engine, o, undefined, 2)).map(({ key }) => key),
          letters,
          "in pages of two",
        );
        equal(
          (await changesAfter(engine, o, undefined, 1)).map(({ key }) => key),
          letters,
          "in pages of one",
        );
      },
    ),

    verb(
      "K-engine-changes-within-commit",
      "Changes of one commit come together, and pages may cut it without loss",
      async (engine, o) => {
        await apply(engine, o, ...letters.map((key) => put(key)), append("s", ["1"]), append("t", ["1"]));
        for (const limit of [1, 3, 100]) {
          const names = (await changesAfter(engine, o, undefined, limit)).map(nameOf).sort();
          equal(names, ["kv/a", "kv/b", "kv/c", "kv/d", "kv/e", "streams/s", "streams/t"], `in pages of ${limit}`);
        }
      },
    ),

    verb("K-engine-changes-refused", "What was refused is no change", async (engine, o) => {
      await apply(engine, o, put("a"));
      const { cursor } = await engine.changes(undefined, 10, o);
      await conflicting(engine, o, put("b"), put("a", 1, { ifVersion: null }));
      await apply(engine, o, { op: "check", space: "kv", key: "none", ifVersion: null });
      await apply(engine, o, remove("none"));
      equal((await changesAfter(engine, o, cursor)).map(nameOf), [], "the changes");
    }),

    verb("K-engine-changes-expired", "The change of a row that has expired has no row", async (engine, o) => {
      await apply(engine, o, put("k", 1, { expiresAt: o.now + 10 }));
      const seen = await changesAfter(engine, later(o, 10));
      for (const { row } of seen) equal(row, undefined, "the row");
      equal(
        (await changesAfter(engine, later(o, 9))).map(({ row }) => row?.value).filter(Boolean),
        ["1"],
        "the row before, where it was not purged",
      );
    }),

    verb("K-engine-changes-bad-cursor", "A cursor that is none is INVALID_ARGUMENT", async (engine, o) => {
      await apply(engine, o, put("k"));
      for (const since of ["", "nonsense", "-1", "NaN", "'; --", "9".repeat(400)]) {
        await refused(
          () => engine.changes(since, 10, o),
          ["INVALID_ARGUMENT", "CURSOR_EXPIRED"],
          JSON.stringify(since.slice(0, 20)),
        );
      }
    }),

    verb("K-engine-changes-none-skipped", "Who follows the changes while many write misses none", async (engine, o) => {
      let writing = true;
      const writers = Promise.all(
        Array.from({ length: 8 }, async (_, w) => {
          for (let i = 0; i < 25; i++) await apply(engine, o, put(`k${w}-${i}`), append(`s${w}`, [`${i}`]));
        }),
      ).finally(() => {
        writing = false;
      });
      const seen = new Map<string, ChangedRow>();
      let cursor: string | undefined;
      for (let last = false; !last; ) {
        last = !writing;
        for (const change of await changesAfter(engine, o, cursor, 7)) {
          seen.set(nameOf(change), change);
          cursor = change.cursor;
        }
        await new Promise((resolve) => setTimeout(resolve));
      }
      await writers;
      equal(seen.size, 8 * 25 + 8, "how many keys were seen");
      for (let w = 0; w < 8; w++) {
        equal(JSON.parse(seen.get(`streams/s${w}`)?.row?.value ?? "{}").version, 25, `the last state of s${w}`);
      }
    }),

    verb("K-engine-wake", "wake calls back after a commit, until it is unsubscribed", async (engine, o) => {
      let [first, second] = [0, 0];
      const stopFirst = engine.wake(() => first++);
      const stopSecond = engine.wake(() => second++);
      await apply(engine, o, put("a"));
      for (let i = 0; i < 400 && (first === 0 || second === 0); i++)
        await new Promise((resolve) => setTimeout(resolve, 5));
      holds(first > 0 && second > 0, "both were called within two seconds");
      stopFirst();
      const before = [first, second];
      await apply(engine, o, put("b"));
      for (let i = 0; i < 400 && second === before[1]; i++) await new Promise((resolve) => setTimeout(resolve, 5));
      equal(first, before[0] as number, "calls of the one that was unsubscribed");
      holds(second > (before[1] as number), "the other one was called");
      stopSecond();
      stopSecond();
    }),
  ],
};
