/** What holds where nobody writes down what changes: that is said at once, and events are followed all the same. */
import type { Capabilities, Store } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { collect } from "../consuming.ts";
import type { Context } from "../context.ts";
import { eventually } from "../eventually.ts";
import { follow } from "../following.ts";
import { refusedBeforeIo } from "../untouched.ts";

const event = (data: unknown) => ({ type: "t", data });

/** All that tells of keys. */
const followers: readonly (readonly [slug: string, name: string, call: (store: Store) => unknown])[] = [
  ["records", "records.watch", (s) => s.records.watch("k")],
  [
    "collection",
    "watch of a collection",
    (s) => s.records.collection("users").watch({ prefix: "" }, { initial: true }),
  ],
  ["kv", "kv.watch", (s) => s.kv.watch({ prefix: "a/" })],
  ["bucket", "watch of a bucket", (s) => s.kv.bucket("b").watch("k")],
  ["blobs", "blobs.watch", (s) => s.blobs.watch("k", { since: "1" })],
  ["changes", "changes", (s) => s.changes()],
  ["changes-once", "changes that do not go on", (s) => s.changes({ live: false })],
  ["namespace", "changes of a namespace", (s) => s.namespace("n").changes()],
];

function needNone(t: Context, { watch }: Capabilities): void {
  if (watch !== "absent") t.absent("watch is not absent");
}

export const withoutFeed: Chapter = {
  section: "78",
  title: "Where changes are not kept",
  clauses: [
    ...followers.map(([slug, name, call]) =>
      clause(
        `K-no-feed-${slug}`,
        ["Where changes are not kept, what follows keys is UNSUPPORTED before any I/O, and says what to do", name],
        async (t) => {
          const watched = await t.watched();
          needNone(t, watched.store.capabilities);
          const error = await refusedBeforeIo(watched, call, "UNSUPPORTED", name);
          for (const hint of ["capabilities.watch", "events.subscribe"]) {
            holds(error.message.includes(hint), `the message names ${hint}: ${error.message}`);
          }
        },
      ),
    ),

    clause("K-no-feed-closed", "Where changes are not kept, a closed store is CLOSED first", async (t) => {
      const store = await t.place().open();
      needNone(t, store.capabilities);
      await store.close();
      for (const [, name, call] of followers.filter(([slug]) => slug !== "namespace")) {
        await refused(async () => call(store), "CLOSED", name);
      }
    }),

    clause(
      "K-no-feed-subscribe",
      "Events are followed without asking what changed, so it works where changes are not kept",
      async (t) => {
        const { store, calls } = await t.watched();
        await store.events.append("s", event(1));
        const { seen, until } = await follow(store.events.subscribe({ after: "start" }));
        const consumer = collect(store, { from: "start" });
        await until(() => seen.length === 1);
        await store.events.append("s", [event(2), event(3)]);
        await until(() => seen.length === 3);
        await eventually(() => consumer.seen.length === 3, "the consumer has handled all");
        await consumer.stop();
        equal(
          [seen.map(({ data }) => data), consumer.seen],
          [
            [1, 2, 3],
            [1, 2, 3],
          ],
          "what was handed out",
        );
        const asked = calls.filter((name) => name === "engine.changes" || name === "engine.latest");
        equal(asked, [], "what the engine was asked of changes");
      },
    ),
  ],
};
