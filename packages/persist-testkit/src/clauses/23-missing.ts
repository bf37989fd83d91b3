/** What is not there is an answer; what cannot be done is an error of one shape. */
import { PersistError, type Store } from "@cuitty/persist-core";
import { equal, fail, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { operations } from "../operations.ts";
import { show } from "../show.ts";

const answers: readonly (readonly [
  slug: string,
  name: string,
  ask: (store: Store) => Promise<unknown>,
  answer: unknown,
])[] = [
  ["records-get", "records.get", (s) => s.records.get("k"), undefined],
  ["records-get-many", "records.getMany", (s) => s.records.getMany(["k", "l"]), new Map()],
  ["records-has", "records.has", (s) => s.records.has("k"), false],
  ["records-delete", "records.delete", (s) => s.records.delete("k"), false],
  ["records-list", "records.list", (s) => s.records.list().toArray(), []],
  ["records-clear", "records.clear", (s) => s.records.clear({ all: true }), 0],
  ["kv-get", "kv.get", (s) => s.kv.get("k"), undefined],
  ["kv-get-entry", "kv.getEntry", (s) => s.kv.getEntry("k"), undefined],
  ["kv-get-many", "kv.getMany", (s) => s.kv.getMany(["k", "l"]), new Map()],
  ["kv-has", "kv.has", (s) => s.kv.has("k"), false],
  ["kv-touch", "kv.touch", (s) => s.kv.touch("k", "1h"), false],
  ["kv-delete", "kv.delete", (s) => s.kv.delete("k"), false],
  ["kv-list", "kv.list", (s) => s.kv.list().toArray(), []],
  ["kv-keys", "kv.keys", (s) => s.kv.keys().toArray(), []],
  ["kv-clear", "kv.clear", (s) => s.kv.clear({ all: true }), 0],
  ["blobs-get", "blobs.get", (s) => s.blobs.get("k"), undefined],
  ["blobs-head", "blobs.head", (s) => s.blobs.head("k"), undefined],
  ["blobs-has", "blobs.has", (s) => s.blobs.has("k"), false],
  ["blobs-delete", "blobs.delete", (s) => s.blobs.delete("k"), false],
  ["blobs-list", "blobs.list", (s) => s.blobs.list().toArray(), []],
  ["blobs-clear", "blobs.clear", (s) => s.blobs.clear({ all: true }), 0],
  ["events-read", "events.read", (s) => s.events.read("k").toArray(), []],
  ["events-read-all", "events.readAll", (s) => s.events.readAll().toArray(), []],
  ["events-head", "events.head", (s) => s.events.head("k"), 0],
  ["events-streams", "events.streams", (s) => s.events.streams().toArray(), []],
];

export const missing: Chapter = {
  section: "23",
  title: "What is missing, and errors",
  clauses: [
    ...answers.map(([slug, name, ask, answer]) =>
      clause(
        `K-missing-${slug}`,
        ["What is not there is undefined, false, 0 or empty, and no error", `${name} gives ${show(answer)}`],
        async (t) => {
          const store = await t.store();
          equal(await ask(store), answer, "where there never was anything");
          await store.records.put("k", 1);
          await store.kv.set("k", 1);
          await store.blobs.put("k", "x");
          await store.records.delete("k");
          await store.kv.delete("k");
          await store.blobs.delete("k");
          equal(await ask(store), answer, "after it was deleted");
        },
      ),
    ),

    clause("K-missing-update", "Only what changes a document is NOT_FOUND without one", async (t) => {
      const store = await t.store();
      await refused(() => store.records.update("k", {}), "NOT_FOUND", "records.update with a patch");
      await refused(() => store.records.update("k", () => 1), "NOT_FOUND", "records.update with a function");
      equal(await store.records.has("k"), false, "has");
    }),

    clause(
      "K-error-shape",
      "Every error is a PersistError with code, outcome and retryable, and with operation and key where known",
      async (t) => {
        const store = await t.store();
        await store.records.put("taken", 1);
        const cases: readonly (readonly [
          work: (s: Store) => unknown,
          code: string,
          operation: string | undefined,
          key: string | undefined,
        ])[] = [
          [(s) => s.records.insert("taken", 1), "CONFLICT", "records.insert", "taken"],
          [(s) => s.records.update("none", {}), "NOT_FOUND", "records.update", "none"],
          [(s) => s.kv.set("k", 1, { ifMatch: "x" }), "CONFLICT", "kv.set", "k"],
          [(s) => s.kv.delete("k", { ifMatch: "x" }), "CONFLICT", "kv.delete", "k"],
          [(s) => s.blobs.put("k", "x", { ifMatch: "x" }), "CONFLICT", "blobs.put", "k"],
          [
            (s) => s.events.append("s", { type: "t", data: 1 }, { expectedVersion: 5 }),
            "CONFLICT",
            "events.append",
            "s",
          ],
          [(s) => s.kv.get("k", { signal: AbortSignal.abort() }), "ABORTED", "kv.get", "k"],
        ];
        for (const [work, code, operation, key] of cases) {
          const error = await refused(() => work(store), code as never, operation ?? code);
          holds(error instanceof Error, "it is an Error");
          equal([error.name, error.operation, error.key], ["PersistError", operation, key], "name, operation and key");
          equal([error.outcome, typeof error.retryable], ["not-applied", "boolean"], "outcome and type of retryable");
          holds(PersistError.is(error) && PersistError.is(error, code as never), "PersistError.is knows it");
          holds(!PersistError.is(error, "INTERNAL"), "PersistError.is tells codes apart");
        }
        holds(
          !PersistError.is(new Error("x")) && !PersistError.is(undefined) && !PersistError.is("CONFLICT"),
          "PersistError.is refuses others",
        );
      },
    ),

    clause("K-error-rejects", "Operations that answer with promises reject, and never throw", async (t) => {
      const store = await t.store();
      for (const { name, run } of operations) {
        if (/list|keys|streams|read/i.test(name)) continue; // listings are refused when they are made
        let answer: unknown;
        try {
          answer = run(store, "\0", { nonsense: 1 });
        } catch (error) {
          fail(`${name} threw ${show(error)}`);
        }
        holds(answer instanceof Promise, `${name} answers with a promise`);
        await (answer as Promise<unknown>).catch(() => undefined);
      }
    }),

    clause("K-error-after", "A store works on after any number of refused calls", async (t) => {
      const store = await t.store();
      await store.kv.set("k", 1);
      const refusals: Promise<unknown>[] = [];
      for (const { run } of operations) {
        refusals.push((async () => run(store, "\0"))().catch((error: unknown) => error));
        refusals.push((async () => run(store, "k", { nonsense: 1 }))().catch((error: unknown) => error));
      }
      for (const error of await Promise.all(refusals)) {
        if (error !== undefined && error instanceof Error)
          holds(PersistError.is(error), `${show(error)} is a PersistError`);
      }
      await store.kv.set("k", 2);
      equal(await store.kv.get("k"), 2, "get");
    }),
  ],
};
