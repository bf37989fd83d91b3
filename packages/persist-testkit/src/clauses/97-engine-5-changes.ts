/** What has changed since a cursor, in the order of the commits, and the hint that something has. */
import { type ChangedRow, deletionsKeptFor, openEngine } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { append, apply, changesAfter, conflicting, later, put, remove, sweepAll, verb } from "../engine-verbs.ts";
import { feedVerb } from "../feed-clause.ts";

const letters = ["a", "b", "c", "d", "e"];
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
    feedVerb(
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

    feedVerb(
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

    feedVerb("K-engine-changes-state", "A change has the present state of its key", async (engine, o) => {
      const op = put("k", { a: 1 });
      await apply(engine, later(o, 5), op);
      const [change] = await changesAfter(engine, later(o, 5));
      equal([change?.version, change?.time], [op.version, o.now + 5], "version and time");
      equal([change?.row?.value, change?.row?.version], [op.value, op.version], "value and version of the row");
    }),

    feedVerb(
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

    feedVerb(
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

    feedVerb(
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

    feedVerb(
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

    feedVerb(
      "K-engine-changes-together",
      "Of lists that are committed together, none is passed over",
      async (engine, o) => {
        await apply(engine, o, put("before"));
        const { cursor } = await engine.changes(undefined, 10, o);
        const results = await engine.commit([[put("a"), put("b")], [append("s", ["1"])], [put("c")]], o);
        equal(
          results.map(({ outcome }) => outcome),
          ["applied", "applied", "applied"],
          "the outcomes",
        );
        const names = (await changesAfter(engine, o, cursor, 2)).map(nameOf).sort();
        equal(names, ["kv/a", "kv/b", "kv/c", "streams/s"], "the changes");
      },
    ),

    feedVerb("K-engine-changes-refused", "What was refused is no change", async (engine, o) => {
      await apply(engine, o, put("a"));
      const { cursor } = await engine.changes(undefined, 10, o);
      await conflicting(engine, o, put("b"), put("a", 1, { ifVersion: null }));
      await apply(engine, o, { op: "check", space: "kv", key: "none", ifVersion: null });
      await apply(engine, o, remove("none"));
      equal((await changesAfter(engine, o, cursor)).map(nameOf), [], "the changes");
    }),

    feedVerb(
      "K-engine-changes-reason",
      "A deletion says why: deleted, also where a cursor is behind it",
      async (engine, o) => {
        await apply(engine, o, put("a"), put("b"));
        await apply(engine, o, remove("a"));
        const reasons = latest(await changesAfter(engine, o)).map(({ key, row, reason }) => [key, row?.key, reason]);
        equal(
          reasons,
          [
            ["b", "b", undefined],
            ["a", undefined, "deleted"],
          ],
          "key, row and reason of each",
        );
      },
    ),

    feedVerb("K-engine-changes-more", "A page says whether another may follow at once", async (engine, o) => {
      equal((await engine.changes(undefined, 2, o)).more, false, "more, where nothing was written");
      for (const key of letters) await apply(engine, o, put(key));
      const first = await engine.changes(undefined, 2, o);
      equal([first.changes.length, first.more], [2, true], "the first page of two");
      let { cursor, more } = first;
      for (let pages = 0; more; pages++) {
        holds(pages < 10, "more comes to an end");
        ({ cursor, more } = await engine.changes(cursor, 2, o));
      }
      equal(await changesAfter(engine, o, cursor), [], "what follows the last page");
    }),

    feedVerb(
      "K-engine-changes-expired",
      "A row that has expired is not reported before it is swept, and nothing behind it is missed",
      async (engine, o) => {
        await apply(engine, o, put("a"), put("k", 1, { expiresAt: o.now + 10 }));
        await apply(engine, o, put("z"));
        const keys = async (ms: number) =>
          (await changesAfter(engine, later(o, ms), undefined, 1)).map(({ key }) => key);
        equal((await keys(9)).sort(), ["a", "k", "z"], "before it expires");
        equal((await keys(10)).sort(), ["a", "z"], "when it has");
      },
    ),

    feedVerb(
      "K-engine-latest",
      "latest is a cursor from which exactly what is committed later is reported",
      async (engine, o) => {
        const atFirst = await engine.latest(o);
        equal(await changesAfter(engine, o, atFirst), [], "the changes of an empty scope");
        await apply(engine, o, put("a"), append("s", ["1"]));
        await apply(engine, o, put("b"));
        await apply(engine, o, remove("b"));
        equal((await changesAfter(engine, o, atFirst)).length >= 3, true, "everything follows the first cursor");
        const now = await engine.latest(o);
        equal(await changesAfter(engine, o, now), [], "the changes after it");
        await apply(engine, o, put("a", 2));
        equal((await changesAfter(engine, o, now)).map(nameOf), ["kv/a"], "the changes after another write");
      },
    ),

    feedVerb(
      "K-engine-sweep-expired",
      "sweep turns rows that have expired into deletions, each reported once and as expired",
      async (engine, o) => {
        const expiresAt = o.now + 10;
        const stays = put("stays", 1, { expiresAt: o.now + 11 });
        const goes = put("goes", 1, { expiresAt });
        await apply(engine, o, goes, stays, put("kept"), put("r", 1, { space: "records", expiresAt }));
        const before = await engine.latest(o);
        await sweepAll(engine, later(o, 9));
        equal(await changesAfter(engine, later(o, 9), before), [], "the changes of a sweep before that");
        await sweepAll(engine, later(o, 10));
        const told = await changesAfter(engine, later(o, 10), before);
        equal(told.map(nameOf).sort(), ["kv/goes", "records/r"], "the changes");
        for (const { row, reason, time } of told) {
          equal([row, reason, time], [undefined, "expired", o.now + 10], "row, reason and time");
        }
        equal(told.find(({ key }) => key === "goes")?.version, goes.version, "the version: that of the row");
        await sweepAll(engine, later(o, 10));
        equal(await changesAfter(engine, later(o, 10), told.at(-1)?.cursor), [], "the changes of a second sweep");
        const [row] = await engine.read("kv", ["stays"], later(o, 10));
        equal(row?.version, stays.version, "the version of the row that has not expired");
      },
    ),

    verb(
      "K-engine-sweep-takes",
      "sweep takes away what has expired, also what was written before the scope was opened, and nothing else",
      async (_, o, t) => {
        const place = t.place();
        const scope = { name: "kit", namespace: "swept" };
        const first = await openEngine(await place.adapter(), scope);
        const expiresAt = o.now + 10;
        const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
        await apply(
          first,
          o,
          ...keys.map((key) => put(key, 1, { expiresAt })),
          put("r", 1, { space: "records", expiresAt }),
        );
        await apply(first, o, put("stays"), put("longer", 1, { expiresAt: expiresAt + 1 }));
        await apply(first, later(o, 10), put("k0", "anew"));
        await first.close();
        await place.close();
        const again = await openEngine(await place.adapter(), scope);
        await sweepAll(again, later(o, 10));
        // Somebody whose clock is behind would see what has only expired.
        const left = (await again.read("kv", [...keys, "stays", "longer"], o)).flatMap((row) => row?.key ?? []);
        equal(left, ["k0", "stays", "longer"], "what is left of kv");
        equal(await again.read("records", ["r"], o), [undefined], "what is left of records");
        await again.close();
      },
    ),

    feedVerb(
      "K-engine-sweep-overwritten",
      "A row that is written over after it has expired is reported as it is now, and not as expired",
      async (engine, o) => {
        await apply(engine, o, put("k", 1, { expiresAt: o.now + 10 }));
        const before = await engine.latest(o);
        const again = put("k", 2);
        await apply(engine, later(o, 10), again);
        await sweepAll(engine, later(o, 20));
        const last = latest(await changesAfter(engine, later(o, 20), before));
        equal(
          last.map(({ version, row }) => [version, row?.value]),
          [[again.version, "2"]],
          "version and value of the last report",
        );
      },
    ),

    feedVerb(
      "K-engine-sweep-deleted",
      "A row that is deleted after it has expired is reported once, as expired",
      async (engine, o) => {
        await apply(engine, o, put("k", 1, { expiresAt: o.now + 10 }));
        const before = await engine.latest(o);
        await apply(engine, later(o, 10), remove("k"));
        await sweepAll(engine, later(o, 20));
        const told = await changesAfter(engine, later(o, 20), before);
        equal(
          told.map(({ key, reason }) => [key, reason]),
          [["k", "expired"]],
          "key and reason of the changes",
        );
      },
    ),

    feedVerb("K-engine-sweep-steps", "sweep goes in steps, and says more until all is done", async (engine, _, t) => {
      const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
      // A server far away needs its time for each hundred.
      const o = () => later(t.engineOptions(), 10);
      const expiresAt = o().now;
      for (let n = 0; n < keys.length; n += 100) {
        await apply(engine, t.engineOptions(), ...keys.slice(n, n + 100).map((key) => put(key, 1, { expiresAt })));
      }
      const before = await engine.latest(t.engineOptions());
      const first = await engine.sweep(o());
      const afterOne = (await changesAfter(engine, o(), before)).length;
      holds(first.more || afterOne === 1000, `no more means all: ${afterOne} of 1000 rows were taken`);
      await sweepAll(engine, o());
      const told = await changesAfter(engine, o(), before);
      equal(told.length, 1000, "how many changes");
      equal(new Set(told.map(({ key }) => key)).size, 1000, "of how many keys");
    }),

    feedVerb(
      "K-engine-sweep-reopened",
      "sweep finds what had been written before the scope was opened",
      async (_, o, t) => {
        const place = t.place();
        const scope = { name: "kit", namespace: "swept" };
        const first = await openEngine(await place.adapter(), scope);
        await apply(first, o, put("k", 1, { expiresAt: o.now + 10 }), put("stays"));
        const before = await first.latest(o);
        await first.close();
        await place.close();
        const again = await openEngine(await place.adapter(), scope);
        await sweepAll(again, later(o, 10));
        equal((await changesAfter(again, later(o, 10), before)).map(nameOf), ["kv/k"], "the changes");
        await again.close();
      },
    ),

    feedVerb("K-engine-sweep-wakes", "Whoever waits is woken by a sweep that takes rows away", async (engine, o) => {
      await apply(engine, o, put("k", 1, { expiresAt: o.now + 10 }));
      const before = await engine.latest(o);
      let [waiting, calls] = [false, 0];
      const stop = engine.wake(() => {
        if (waiting) calls++;
      });
      await new Promise((resolve) => setTimeout(resolve, 150)); // what is left of the commit's own wake
      waiting = true;
      await engine.sweep(later(o, 10));
      for (let i = 0; i < 400 && calls === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
      stop();
      holds(calls > 0, "it was called within two seconds");
      equal((await changesAfter(engine, later(o, 10), before)).map(nameOf), ["kv/k"], "the changes");
    }),

    feedVerb(
      "K-engine-sweep-forgets",
      "A deletion is reported for seven days; then sweep forgets it, and an older cursor is CURSOR_EXPIRED",
      async (_, o, t) => {
        // A place of its own: other scopes, whose time goes otherwise here, may share what deletions leave.
        const engine = await openEngine(await t.place().adapter(), { name: "kit", namespace: "" });
        await apply(engine, o, put("a"), put("b"), put("c"));
        const behind = await engine.latest(o);
        await apply(engine, o, remove("a"));
        await apply(engine, o, remove("b"));
        const ahead = await engine.latest(o);
        const almost = later(o, deletionsKeptFor - 1);
        await sweepAll(engine, almost);
        equal((await changesAfter(engine, almost, behind)).map(nameOf), ["kv/a", "kv/b"], "within seven days");
        const after = later(o, deletionsKeptFor + 1);
        await apply(engine, after, put("c", 2));
        await sweepAll(engine, after);
        await refused(() => engine.changes(behind, 10, after), "CURSOR_EXPIRED", "a cursor from before the deletions");
        equal((await changesAfter(engine, after, ahead)).map(nameOf), ["kv/c"], "a cursor from after them");
        await engine.close();
      },
    ),

    feedVerb("K-engine-changes-bad-cursor", "A cursor that is none is INVALID_ARGUMENT", async (engine, o) => {
      await apply(engine, o, put("k"));
      for (const since of ["", "nonsense", "-1", "NaN", "'; --", "9".repeat(400)]) {
        await refused(
          () => engine.changes(since, 10, o),
          ["INVALID_ARGUMENT", "CURSOR_EXPIRED"],
          JSON.stringify(since.slice(0, 20)),
        );
      }
    }),

    feedVerb(
      "K-engine-changes-none-skipped",
      "Who follows the changes while many write misses none",
      async (engine, o) => {
        let writing = true;
        const writers = Promise.all(
          Array.from({ length: 8 }, async (_, w) => {
            for (let i = 0; i < 25; i++) await apply(engine, o, put(`k${w}-${i}`), append(`s${w}`, [`${i}`]));
          }),
        ).finally(() => {
          writing = false;
        });
        writers.catch(() => undefined); // told below, where they are awaited
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
      },
    ),

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
