/** Bad input is an error from the closed set, before any I/O, and says what was meant. */
import { createStore, PersistError, type Store } from "@cuitty/persist-core";
import { equal, fail, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { operations } from "../operations.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

const badTimeouts: readonly unknown[] = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "", "10", "10 s", "1y", null, {}];
const badSignals: readonly unknown[] = [null, {}, "signal", new AbortController(), { aborted: true }];
const badNames: readonly unknown[] = [
  "",
  "a/b",
  "a b",
  "é",
  "a\0",
  "x".repeat(65),
  "a:b",
  "../a",
  null,
  undefined,
  5,
  {},
];

const optioned = operations.filter(({ takesOptions }) => takesOptions);

export const badInput: Chapter = {
  title: "Bad input",
  clauses: [
    ...optioned.map(({ name, slug, run }) =>
      clause(
        `K-option-unknown-${slug}`,
        `${name} refuses an option that it does not know, before any I/O`,
        async (t) => {
          const watched = await t.watched();
          for (const o of [{ timeot: 1 }, { __proto__: null, x: 1 }, { Signal: undefined }, { TTL: 5 }]) {
            const error = await refusedBeforeIo(watched, (store) => run(store, "k", o), "INVALID_ARGUMENT", show(o));
            holds(error.message.includes(Object.keys(o)[0] as string), "the message names the option");
          }
          const error = await refusedBeforeIo(watched, (s) => run(s, "k", { timeot: 1 }), "INVALID_ARGUMENT", "timeot");
          holds(error.message.includes('"timeout"'), "the message says what was meant");
        },
      ),
    ),

    ...optioned.map(({ name, slug, run }) =>
      clause(
        `K-option-malformed-${slug}`,
        `${name} refuses options that are no object, and a malformed timeout or signal, before any I/O`,
        async (t) => {
          const watched = await t.watched();
          for (const o of ["options", 5, true, [], () => ({})]) {
            await refusedBeforeIo(watched, (store) => run(store, "k", o as object), "INVALID_ARGUMENT", show(o));
          }
          for (const timeout of badTimeouts) {
            await refusedBeforeIo(
              watched,
              (s) => run(s, "k", { timeout }),
              "INVALID_ARGUMENT",
              `timeout: ${show(timeout)}`,
            );
          }
          for (const signal of badSignals) {
            await refusedBeforeIo(
              watched,
              (s) => run(s, "k", { signal }),
              "INVALID_ARGUMENT",
              `signal: ${show(signal)}`,
            );
          }
        },
      ),
    ),

    clause("K-store-name", "createStore refuses a bad name or namespace before the adapter is asked", async () => {
      const opened: string[] = [];
      const adapter = {
        get: async () => opened.push("get"),
        put: async () => void opened.push("put"),
        delete: async () => void opened.push("delete"),
        list: async () => void opened.push("list"),
      };
      for (const name of badNames as string[]) {
        await refused(() => createStore({ name, adapter }), "INVALID_ARGUMENT", `name: ${show(name)}`);
        if (name === undefined) continue; // as good as left out
        const open = () => createStore({ name: "kit", namespace: name, adapter });
        await refused(open, "INVALID_ARGUMENT", `namespace: ${show(name)}`);
      }
      equal(opened, [], "what the adapter was asked");
    }),

    clause("K-store-option", "createStore refuses an option that nobody knows, and says what was meant", async (t) => {
      const adapter = await t.place().adapter();
      const open = () => createStore({ name: "kit", namspace: "x", adapter } as never);
      const error = await refused(open, "INVALID_ARGUMENT", "createStore");
      holds(error.message.includes('"namespace"'), "the message says what was meant");
    }),

    clause("K-store-adapter", "createStore refuses what is no adapter, and names what it lacks", async () => {
      for (const adapter of [null, {}, { get: () => undefined, put: 5 }, []]) {
        await refused(() => createStore({ name: "kit", adapter: adapter as never }), "INVALID_ARGUMENT", show(adapter));
      }
      const partial = { get: async () => 1, put: async () => undefined, list: async () => undefined };
      const error = await refused(
        () => createStore({ name: "kit", adapter: partial as never }),
        "INVALID_ARGUMENT",
        "no delete",
      );
      holds(error.message.includes("delete"), "the message names the method");
      for (const name of ["nobody", "__proto__", "constructor", "toString"]) {
        await refused(() => createStore({ name: "kit", adapter: name as never }), "ADAPTER_NOT_FOUND", name);
      }
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
