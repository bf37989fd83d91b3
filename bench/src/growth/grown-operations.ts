/** What must not become slower as a store grows. Each call is for something at random, so that the whole store takes part. */
import { deepStrictEqual, ok } from "node:assert";
import { inTurn } from "../call-styles.ts";
import type { Work } from "../operation.ts";
import { type GrownStore, streamLength } from "./grown-store.ts";

export interface GrownOperation {
  readonly name: string;
  prepare(grown: GrownStore, calls: number): Work;
}

/** Entries or events in a page. */
const pageSize = 100;

export const grownOperations: readonly GrownOperation[] = [
  {
    name: "kv.get",
    prepare(grown, calls) {
      const numbers = chooseEntries(grown, calls);
      const keys = numbers.map(grown.key);
      let answers: readonly unknown[] = [];
      return {
        count: calls,
        async perform() {
          answers = await inTurn(keys, (key) => grown.store.kv.get(key));
        },
        async verify() {
          deepStrictEqual(answers, numbers.map(grown.value));
        },
      };
    },
  },
  {
    name: "kv.set",
    prepare(grown, calls) {
      const numbers = chooseEntries(grown, calls);
      const entries = numbers.map((n) => ({ key: grown.key(n), value: grown.changeValue(n) }));
      return {
        count: calls,
        async perform() {
          await inTurn(entries, ({ key, value }) => grown.store.kv.set(key, value));
        },
        async verify() {
          for (const n of numbers) deepStrictEqual(await grown.store.kv.get(grown.key(n)), grown.value(n));
        },
      };
    },
  },
  {
    name: `kv.list, a page of ${pageSize}`,
    prepare(grown, calls) {
      const starts = chooseEntries(grown, calls).map(grown.key);
      let last: { readonly items: readonly { key: string; value: unknown }[] } = { items: [] };
      return {
        count: calls,
        async perform() {
          for (const start of starts) last = await grown.store.kv.list({ start, limit: pageSize }).page();
        },
        async verify() {
          const keys = last.items.map(({ key }) => key);
          deepStrictEqual(keys[0], starts.at(-1));
          deepStrictEqual(keys, [...keys].sort());
          for (const { key, value } of last.items) {
            const { id } = value as { id: number };
            deepStrictEqual({ key, value }, { key: grown.key(id), value: grown.value(id) });
          }
        },
      };
    },
  },
  {
    name: "events.append",
    prepare(grown, calls) {
      const { events } = grown.store;
      const streams = chooseStreams(grown, calls);
      return {
        count: calls,
        async perform() {
          await inTurn(streams, (n) => events.append(grown.stream(n), { type: "appended", data: { n } }));
        },
        async verify() {
          for (const n of streams) grown.countAppend(n);
          for (const n of streams) deepStrictEqual(await events.head(grown.stream(n)), grown.version(n));
        },
      };
    },
  },
  {
    name: `events.read, ${streamLength} of a stream`,
    prepare(grown, calls) {
      const { events } = grown.store;
      const streams = chooseStreams(grown, calls);
      let pages: readonly { items: readonly { stream: string; version: number }[] }[] = [];
      return {
        count: calls,
        async perform() {
          pages = await inTurn(streams, (n) => events.read(grown.stream(n), { limit: streamLength }).page());
        },
        async verify() {
          for (const [i, { items }] of pages.entries()) {
            const stream = grown.stream(streams[i] as number);
            deepStrictEqual(
              items.map((event) => [event.stream, event.version]),
              Array.from({ length: streamLength }, (_, e) => [stream, e + 1]),
            );
          }
        },
      };
    },
  },
  {
    name: `events.readAll, a page of ${pageSize}`,
    prepare(grown, calls) {
      const { events } = grown.store;
      const froms = Array.from({ length: calls }, () => 1 + grown.below(grown.size - pageSize));
      let last: readonly { position: number }[] = [];
      return {
        count: calls,
        async perform() {
          for (const from of froms) ({ items: last } = await events.readAll({ from, limit: pageSize }).page());
        },
        async verify() {
          const from = froms.at(-1) as number;
          ok(last.length === pageSize && last.every(({ position }, i) => position === from + i));
        },
      };
    },
  },
];

const chooseEntries = (grown: GrownStore, count: number) =>
  Array.from({ length: count }, () => grown.below(grown.size));

const chooseStreams = (grown: GrownStore, count: number) =>
  Array.from({ length: count }, () => grown.below(grown.size / streamLength));
