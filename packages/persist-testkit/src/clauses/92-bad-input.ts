/** Bad input is an error from the closed set, before any I/O, and says what was meant. */
import { createStore } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
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
  section: "92",
  title: "Bad input",
  clauses: [
    ...optioned.map(({ name, slug, run }) =>
      clause(
        `K-option-unknown-${slug}`,
        ["Every operation refuses an option that it does not know before any I/O, and says what was meant", name],
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
        ["Every operation refuses options that are no object, and a malformed timeout or signal, before any I/O", name],
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
  ],
};
