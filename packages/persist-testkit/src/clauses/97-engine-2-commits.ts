/** Lists of operations: each atomic, judged in turn, and answered by itself. */
import { type Bound, hashRows, type Op, type Row } from "@cuitty/persist-core";
import { equal, holds, present } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import {
  append,
  apply,
  byIndex,
  conflicting,
  head,
  later,
  newVersion,
  put,
  range,
  readOne,
  record,
  remove,
  scanned,
  verb,
} from "../engine-verbs.ts";
import { turns } from "../faults/faulty.ts";

const letters = ["a", "b", "c", "d", "e"];
const at = (key: string, inclusive: boolean): Bound => ({ key, inclusive });

export const engineCommits: Chapter = {
  section: "97.2",
  title: "The engine: commits",
  clauses: [
    verb("K-engine-commit-empty", "A commit of no lists is answered with no results", async (engine, o) => {
      equal([...(await engine.commit([], o))], [], "the results");
    }),

    verb(
      "K-engine-commit-answers",
      "Each operation has its answer: createdAt, existed, value, appended",
      async (engine, o) => {
        await apply(engine, o, put("old", 1, { space: "records" }), put("gone"));
        const then = later(o, 50);
        const { answers, time } = await apply(
          engine,
          then,
          put("old", 2, { space: "records" }),
          put("new", 1, { space: "records" }),
          remove("gone"),
          remove("never"),
          { op: "add", space: "kv", key: "n", by: 5, version: newVersion() },
          append("s", ["x", "y"]),
        );
        equal(time, then.now, "time");
        equal([answers[0]?.createdAt, answers[1]?.createdAt], [o.now, then.now], "createdAt");
        equal([answers[2]?.existed, answers[3]?.existed], [true, false], "existed");
        equal(answers[4]?.value, "5", "value");
        equal(answers[5]?.appended, { version: 2, position: 2, duplicate: false }, "appended");
      },
    ),

    verb(
      "K-engine-commit-groups",
      "Each list is answered by itself: a conflict in one leaves the others untouched",
      async (engine, o) => {
        await apply(engine, o, put("taken"));
        const results = await engine.commit(
          [
            [put("a")],
            [put("b"), put("taken", 1, { ifVersion: null })],
            [put("c")],
            [remove("d", { ifVersion: "none" })],
            [put("e")],
          ],
          o,
        );
        equal(
          results.map(({ outcome }) => outcome),
          ["applied", "conflict", "applied", "conflict", "applied"],
          "the outcomes",
        );
        equal(await scanned(engine, o, "kv", range()), ["a", "c", "e", "taken"], "the keys");
      },
    ),

    verb(
      "K-engine-commit-in-turn",
      "Each list is judged against the state that the lists before it left",
      async (engine, o) => {
        const first = put("k", 1, { ifVersion: null });
        const second = put("k", 2, { ifVersion: first.version });
        const results = await engine.commit(
          [
            [first],
            [put("k", 9, { ifVersion: null })],
            [second],
            [put("k", 9, { ifVersion: first.version })],
            [remove("k", { ifVersion: second.version })],
            [put("k", 3, { ifVersion: null })],
          ],
          o,
        );
        equal(
          results.map(({ outcome }) => outcome),
          ["applied", "conflict", "applied", "conflict", "applied", "applied"],
          "the outcomes",
        );
        equal((await readOne(engine, o, "kv", "k"))?.value, "3", "the value");
      },
    ),

    verb(
      "K-engine-commit-in-turn-rows",
      "That holds for rows too that are judged by others: unique entries, and checks of what a later list writes",
      async (engine, o) => {
        await apply(engine, o, record("z", [1], true), put("z", 1, { space: "system", version: "before" }));
        const check: Op = { op: "check", space: "system", key: "z", ifVersion: "before" };
        const results = await engine.commit(
          [
            [record("y", [1], true)],
            [remove("z", { space: "records" })],
            [record("x", [1], true)],
            [record("w", [1], true)],
            [check, put("v", 1, { space: "records" })],
            [put("z", 2, { space: "system" })],
            [check, put("u", 1, { space: "records" })],
          ],
          o,
        );
        equal(
          results.map(({ outcome }) => outcome),
          ["conflict", "applied", "applied", "conflict", "applied", "applied", "conflict"],
          "the outcomes",
        );
      },
    ),

    verb(
      "K-engine-commit-in-turn-all",
      "That holds for counters, unique entries, appends and ranges too",
      async (engine, o) => {
        const add = (): Op => ({ op: "add", space: "kv", key: "n", by: 1, version: newVersion() });
        const empty: Op = { op: "checkRange", space: "records", range: range(), hash: hashRows([]) };
        const results = await engine.commit(
          [
            [add()],
            [add()],
            [empty, record("a", [1], true)],
            [empty, record("b", [2])],
            [record("c", [1], true)],
            [append("s", ["1"], { expected: 0 })],
            [append("s", ["2"], { expected: 0 })],
            [append("s", ["2"], { expected: 1 })],
            [append("s", ["1"])],
          ],
          o,
        );
        const outcomes = [
          "applied",
          "applied",
          "applied",
          "conflict",
          "conflict",
          "applied",
          "conflict",
          "applied",
          "applied",
        ];
        equal(
          results.map(({ outcome }) => outcome),
          outcomes,
          "the outcomes",
        );
        equal((await readOne(engine, o, "kv", "n"))?.value, "2", "the counter");
        const last = results[8];
        holds(last?.outcome === "applied", "the last is applied");
        equal(last.answers[0]?.appended, { version: 1, position: 1, duplicate: true }, "the repeated append");
      },
    ),

    verb(
      "K-engine-commit-conflict-op",
      "A conflict names the operation whose condition is not met, and nothing of the list is written",
      async (engine, o) => {
        await apply(engine, o, put("k"));
        const { op } = await conflicting(
          engine,
          o,
          put("a"),
          remove("b"),
          put("k", 1, { ifVersion: "other" }),
          put("c"),
        );
        equal(op, 2, "its number");
        equal(await scanned(engine, o, "kv", range()), ["k"], "the keys");
      },
    ),

    verb(
      "K-engine-commit-judged-first",
      "All conditions of a list are judged before anything is written",
      async (engine, o) => {
        const old = put("k", 1);
        await apply(engine, o, old);
        const { op } = await conflicting(
          engine,
          o,
          put("new"),
          append("s", ["1"]),
          { op: "add", space: "kv", key: "n", by: 1, version: newVersion() },
          put("r", 1, { space: "records", ifVersion: "other" }),
        );
        equal(op, 3, "the number of the operation");
        equal(await readOne(engine, o, "kv", "new"), undefined, "the put before");
        equal(await readOne(engine, o, "kv", "n"), undefined, "the add before");
        equal(await head(engine, o, "s"), undefined, "the append before");
        equal((await engine.events({ reverse: false, limit: 10 }, o)).events.length, 0, "the log");
      },
    ),

    verb("K-engine-check", "check holds where the row is as said, and writes nothing", async (engine, o) => {
      const op = put("k");
      await apply(engine, o, op);
      await apply(engine, o, { op: "check", space: "kv", key: "k", ifVersion: op.version }, put("a"));
      await apply(engine, o, { op: "check", space: "kv", key: "none", ifVersion: null }, put("b"));
      await conflicting(engine, o, { op: "check", space: "kv", key: "k", ifVersion: null }, put("c"));
      await conflicting(engine, o, { op: "check", space: "kv", key: "k", ifVersion: "other" }, put("c"));
      await conflicting(engine, o, { op: "check", space: "kv", key: "none", ifVersion: op.version }, put("c"));
      equal(await scanned(engine, o, "kv", range()), ["a", "b", "k"], "the keys");
      equal((await readOne(engine, o, "kv", "k"))?.version, op.version, "the version");
    }),

    verb("K-engine-check-streams", "check knows the heads of streams and of the log", async (engine, o) => {
      await apply(
        engine,
        o,
        { op: "check", space: "streams", key: "s", ifVersion: null },
        { op: "check", space: "streams", key: "", ifVersion: null },
      );
      await apply(engine, o, append("s", ["1"]));
      const [stream, log] = await engine.read("streams", ["s", ""], o);
      const check = (key: string, ifVersion: string): Op => ({ op: "check", space: "streams", key, ifVersion });
      const [s, all] = [present(stream, "the stream").version, present(log, "the log").version];
      await apply(engine, o, check("s", s), check("", all), put("a"));
      await apply(engine, o, append("other", ["1"]));
      await apply(engine, o, check("s", s), put("b"));
      await conflicting(engine, o, check("", all), put("c"));
      await apply(engine, o, append("s", ["2"]));
      await conflicting(engine, o, check("s", s), put("c"));
    }),

    verb(
      "K-engine-check-range",
      "checkRange holds where the page has the same keys and versions, and not after any change in it",
      async (engine, o) => {
        const checked = range({ lower: at("b", true), upper: at("d", true), limit: 2 });
        const check = async (): Promise<Op> => ({
          op: "checkRange",
          space: "kv",
          range: checked,
          hash: hashRows((await engine.scan("kv", checked, o)).rows),
        });
        await apply(engine, o, put("b"), put("d"));
        let op = await check();
        await apply(engine, o, op, put("e"));
        await apply(engine, o, put("a"), put("da"));
        await apply(engine, o, op, put("f"));
        for (const [what, change] of [
          ["a new version", put("b")],
          ["a new key", put("c")],
          ["a deletion", remove("c")],
        ] as const) {
          op = await check();
          await apply(engine, o, change);
          const { op: number } = await conflicting(engine, o, put("x"), op);
          equal(number, 1, `the operation that finds ${what}`);
        }
        equal(await readOne(engine, o, "kv", "x"), undefined, "what was to be written");
      },
    ),

    verb(
      "K-engine-check-range-beyond",
      "checkRange looks no further than its limit, in its direction",
      async (engine, o) => {
        const hash = (rows: readonly Row[]) => hashRows(rows);
        const ascending = range({ limit: 2 });
        const descending = range({ limit: 2, reverse: true });
        await apply(engine, o, ...letters.map((key) => put(key)));
        const low: Op = {
          op: "checkRange",
          space: "kv",
          range: ascending,
          hash: hash((await engine.scan("kv", ascending, o)).rows),
        };
        const high: Op = {
          op: "checkRange",
          space: "kv",
          range: descending,
          hash: hash((await engine.scan("kv", descending, o)).rows),
        };
        await apply(engine, o, put("c"));
        await apply(engine, o, low, high, put("c"));
        await apply(engine, o, put("e"));
        await apply(engine, o, low, put("c"));
        await conflicting(engine, o, high, put("c"));
      },
    ),

    verb(
      "K-engine-check-range-keys-only",
      "checkRange gives the same hash with and without values, by key and by index",
      async (engine, o) => {
        await apply(engine, o, record("a", [1]), record("b", [2]));
        for (const scan of [range(), range({ keysOnly: true }), byIndex(), byIndex({ keysOnly: true })]) {
          const hash = hashRows((await engine.scan("records", scan, o)).rows);
          await apply(engine, o, { op: "checkRange", space: "records", range: scan, hash });
        }
      },
    ),

    verb(
      "K-engine-delete",
      "delete says whether there was a row, and takes a version that it must have",
      async (engine, o) => {
        const op = put("k");
        await apply(engine, o, op);
        await conflicting(engine, o, remove("k", { ifVersion: "other" }));
        await conflicting(engine, o, remove("none", { ifVersion: op.version }));
        equal((await apply(engine, o, remove("k", { ifVersion: op.version }))).answers[0]?.existed, true, "existed");
        equal(
          (await apply(engine, o, remove("k", { ifVersion: null }))).answers[0]?.existed,
          false,
          "existed of the second",
        );
      },
    ),

    verb(
      "K-engine-add",
      "add sums encoded numbers, an absent one counting as 0, and tells the sum",
      async (engine, o) => {
        const add = (by: number, more: object = {}): Op => ({
          op: "add",
          space: "kv",
          key: "n",
          by,
          version: newVersion(),
          ...more,
        });
        equal((await apply(engine, o, add(5))).answers[0]?.value, "5", "the first");
        equal((await apply(engine, o, add(-7.5, { expiresAt: o.now + 100 }))).answers[0]?.value, "-2.5", "the second");
        const { answers } = await apply(engine, o, add(1));
        equal([answers[0]?.value, answers[0]?.expiresAt], ["-1.5", o.now + 100], "value and expiry of the third");
        equal((await readOne(engine, o, "kv", "n"))?.expiresAt, o.now + 100, "the row's expiry");
        await apply(engine, o, put("n", 1e308));
        equal(
          (await apply(engine, o, add(1e308))).answers[0]?.value,
          '{"$n":"Infinity"}',
          "a sum that is no longer finite",
        );
        await apply(engine, o, put("n", "text"));
        await conflicting(engine, o, add(1));
        equal((await readOne(engine, o, "kv", "n"))?.value, '"text"', "the text");
      },
    ),

    verb(
      "K-engine-created",
      "createdAt stays that of the live row, updatedAt is of the last write",
      async (engine, o) => {
        await apply(engine, o, put("k", 1, { space: "records" }));
        await apply(engine, later(o, 10), put("k", 2, { space: "records" }));
        const { answers } = await apply(engine, later(o, 20), put("k", 3, { space: "records" }));
        const row = present(await readOne(engine, o, "records", "k"), "the row");
        equal([row.createdAt, row.updatedAt, answers[0]?.createdAt], [o.now, o.now + 20, o.now], "the times");
      },
    ),

    verb("K-engine-concurrent", "Commits that are sent at once are all applied, and none twice", async (engine, o) => {
      const add = (): Op => ({ op: "add", space: "kv", key: "n", by: 1, version: newVersion() });
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => engine.commit([[add(), put(`k${i}`)], [append("s", [`e${i}`])]], o)),
      );
      equal(new Set(results.flat().map(({ outcome }) => outcome)), new Set(["applied"]), "the outcomes");
      equal((await readOne(engine, o, "kv", "n"))?.value, "40", "the counter");
      equal((await head(engine, o, "s"))?.version, 40, "the stream's version");
    }),

    verb(
      "K-engine-commit-settled",
      "What a commit has answered stands: nothing that was refused, given up or left unknown happens later",
      async (engine, o) => {
        const spares = [-1, 0, 1, 5, 20];
        for (const spare of spares) {
          const late = { ...o, deadline: performance.now() + spare };
          try {
            await engine.commit([[put(`k${spare}`, "given up")], [append("s", [`e${spare}`])]], late);
          } catch {
            // It may refuse what it has no time for.
          }
          await apply(engine, o, put(`k${spare}`, "after it"));
        }
        const events = await head(engine, o, "s");
        await turns(50);
        for (const spare of spares) {
          equal((await readOne(engine, o, "kv", `k${spare}`))?.value, '"after it"', `the value of k${spare}`);
        }
        equal(await head(engine, o, "s"), events, "the stream");
      },
    ),
  ],
};
