/** What becomes of rows that peers have written while they were apart. */
import type { Store } from "@cuitty/persist-core";
import { equal, holds, present } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf } from "../content.ts";
import { onBoth, openPeers, untilLater } from "../peers.ts";

interface Note {
  readonly title: string;
  readonly done: boolean;
  readonly at: { readonly x: number; readonly y: number };
  readonly items: readonly string[];
}

const note: Note = { title: "one", done: false, at: { x: 0, y: 0 }, items: ["a", "b", "c"] };

/** The records of a store, of which `r` is a note. */
const notesOf = ({ records }: Store) => records.collection<Note>("notes");
const noteOf = async (store: Store) => (await notesOf(store).get("r"))?.value;

export const peers: Chapter = {
  section: "84",
  title: "Peers that were apart",
  clauses: [
    clause("K-peers-meet", "What a peer writes apart is there when it meets the others, and not before", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      await apart(async () => {
        await a.kv.set("of a", 1);
        await b.kv.set("of b", 2);
        equal([await a.kv.get("of b"), await b.kv.get("of a")], [undefined, undefined], "what the other has written");
      });
      const both = await onBoth(peers, async ({ kv }) => [await kv.get("of a"), await kv.get("of b")]);
      equal(both, [1, 2], "what both have written");
    }),

    ...Object.entries({
      records: {
        put: ({ records }: Store, text: string) => records.put("k", { [text]: text }),
        get: async ({ records }: Store) => (await records.get("k"))?.value,
        whole: (text: string): unknown => ({ [text]: text }),
      },
      kv: {
        put: ({ kv }: Store, text: string) => kv.set("k", [text]),
        get: ({ kv }: Store) => kv.get("k"),
        whole: (text: string): unknown => [text],
      },
      blobs: {
        put: ({ blobs }: Store, text: string) => blobs.put("k", text),
        get: async ({ blobs }: Store) => (await blobs.get("k"))?.text(),
        whole: (text: string): unknown => text,
      },
    }).flatMap(([facade, { put, get, whole }]) => [
      clause(
        `K-peers-put-${facade}`,
        ["Of two that were put apart under one key one stands, whole", facade],
        async (t) => {
          const peers = await openPeers(t);
          await peers.apart(async () => {
            await put(peers.a, "a");
            await put(peers.b, "b");
          });
          const stands = await onBoth(peers, get);
          const isOne = ["a", "b"].some((text) => JSON.stringify(stands) === JSON.stringify(whole(text)));
          holds(isOne, "what stands is one of the two");
        },
      ),
      clause(
        `K-peers-put-again-${facade}`,
        ["Whoever has seen what stands replaces it, whoever it is", facade],
        async (t) => {
          const peers = await openPeers(t);
          await put(peers.a, "first");
          for (const [i, store] of [peers.b, peers.a, peers.b, peers.b].entries()) {
            await peers.apart(() => put(store, `put ${i}`));
            equal(await onBoth(peers, get), whole(`put ${i}`), "what stands");
          }
        },
      ),
    ]),

    clause("K-peers-update-fields", "Updates of different fields all stand, at any depth", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      await notesOf(a).put("r", note);
      await apart(async () => {
        await notesOf(a).update("r", { title: "two" });
        await notesOf(a).update("r", (r) => ({ ...r, at: { ...r.at, x: 1 } }));
        await notesOf(b).update("r", { done: true });
        await notesOf(b).update("r", (r) => ({ ...r, at: { ...r.at, y: 1 } }));
      });
      equal(await onBoth(peers, noteOf), { ...note, title: "two", done: true, at: { x: 1, y: 1 } }, "the record");
    }),

    clause("K-peers-update-items", "Updates that add to a list, or take from it, all stand", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      await notesOf(a).put("r", note);
      await apart(async () => {
        await notesOf(a).update("r", (r) => ({ ...r, items: ["0", ...r.items] }));
        await notesOf(b).update("r", (r) => ({ ...r, items: [...r.items.filter((item) => item !== "b"), "d"] }));
      });
      equal((await onBoth(peers, noteOf))?.items, ["0", "a", "c", "d"], "the list");
    }),

    clause("K-peers-update-exact", "Updates leave values that are not JSON as they are", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      const exact = { big: 10n ** 30n, date: new Date(5), minus: -0, bytes: new Uint8Array([0, 255]), lone: "\ud800" };
      await a.records.put("r", { exact, n: 0 });
      await apart(async () => {
        await a.records.update("r", { a: 1 });
        await b.records.update("r", { b: 2n });
      });
      equal(
        await onBoth(peers, async ({ records }) => (await records.get("r"))?.value),
        { exact, n: 0, a: 1, b: 2n },
        "the record",
      );
    }),

    clause(
      "K-peers-conflict",
      "Of two updates of one field one stands, and the other one is in conflicts until somebody decides",
      async (t) => {
        const peers = await openPeers(t);
        const { a, b, apart } = peers;
        await notesOf(a).put("r", note);
        await apart(async () => {
          await notesOf(a).update("r", { title: "a" });
          await notesOf(b).update("r", { title: "b" });
        });
        const stands = present(await onBoth(peers, noteOf), "the record").title;
        holds(["a", "b"].includes(stands), "what stands is one of the two");
        const lost = () =>
          onBoth(peers, async (store) => (await notesOf(store).conflicts("r")).map(({ value }) => value));
        equal(await lost(), [{ ...note, title: stands === "a" ? "b" : "a" }], "the conflicts");
        await apart(() => notesOf(b).update("r", { title: "both" }));
        equal(await lost(), [], "the conflicts when somebody has decided");
      },
    ),

    clause("K-peers-merge-fields", 'In a collection with merge "fields" a field is merged as one value', async (t) => {
      const peers = await openPeers(t);
      const placesOf = ({ records }: Store) => records.collection<Note>("places", { merge: "fields" });
      const [ofA, ofB] = [placesOf(peers.a), placesOf(peers.b)];
      await ofA.put("p", note);
      await peers.apart(async () => {
        await ofA.update("p", (p) => ({ ...p, title: "two", at: { ...p.at, x: 1 } }));
        await ofB.update("p", (p) => ({ ...p, done: true, at: { ...p.at, y: 1 } }));
      });
      const stands = await onBoth(peers, async (store) => (await placesOf(store).get("p"))?.value);
      equal({ ...stands, at: 0 }, { ...note, title: "two", done: true, at: 0 }, "the fields that one has changed");
      const [won, lost] =
        stands?.at.x === 1
          ? [
              { x: 1, y: 0 },
              { x: 0, y: 1 },
            ]
          : [
              { x: 0, y: 1 },
              { x: 1, y: 0 },
            ];
      equal(stands?.at, won, "the field that both have changed");
      equal(
        (await ofB.conflicts("p")).map(({ value }) => value.at),
        [lost],
        "what lost",
      );
    }),

    clause("K-peers-put-update", "A put stands against an update that has not seen it", async (t) => {
      const peers = await openPeers(t);
      const other = { ...note, title: "other" };
      await notesOf(peers.a).put("r", note);
      await peers.apart(async () => {
        await notesOf(peers.a).put("r", other);
        await untilLater();
        await notesOf(peers.b).update("r", { done: true });
      });
      equal(await onBoth(peers, noteOf), other, "the record");
    }),

    ...Object.entries({
      nothing: { before: async () => undefined, from: 0 },
      "a value": { before: ({ kv }: Store) => kv.set("n", 10), from: 10 },
      "a sum": { before: ({ kv }: Store) => kv.increment("n", 10), from: 10 },
      "a deletion": {
        before: async ({ kv }: Store) => {
          await kv.increment("n", 10);
          await kv.delete("n");
        },
        from: 0,
      },
    }).map(([what, { before, from }]) =>
      clause(
        `K-peers-increment-${what.replace(" ", "-")}`,
        ["What peers add apart all counts, exactly", `from ${what}`],
        async (t) => {
          const peers = await openPeers(t);
          const { a, b, apart } = peers;
          await before(a);
          await apart(async () => {
            await a.kv.increment("n", 2);
            await a.kv.increment("n");
            await b.kv.increment("n", 5);
            await b.transaction(async ({ kv }) => {
              await kv.increment("n");
              await kv.increment("n", -3);
            });
          });
          equal(await onBoth(peers, ({ kv }) => kv.get("n")), from + 6, "the sum");
        },
      ),
    ),

    clause("K-peers-set-increment", "A set stands against increments that have not seen it", async (t) => {
      const peers = await openPeers(t);
      await peers.a.kv.set("n", 10);
      await peers.apart(async () => {
        await peers.a.kv.set("n", 0);
        await untilLater();
        await peers.b.kv.increment("n", 5);
      });
      equal(await onBoth(peers, ({ kv }) => kv.get("n")), 0, "the value");
    }),

    clause("K-peers-delete", "A deletion stands against changes of what it has deleted", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      await notesOf(a).put("r", note);
      await a.kv.set("n", 10);
      await apart(async () => {
        await notesOf(a).delete("r");
        await a.kv.delete("n");
        await untilLater();
        await notesOf(b).update("r", { title: "two" });
        await b.kv.increment("n", 5);
      });
      equal(
        await onBoth(peers, async (store) => [await noteOf(store), await store.kv.get("n")]),
        [undefined, undefined],
        "what is left",
      );
    }),

    clause("K-peers-expiry", "What expires, expires everywhere at the moment that was said", async (t) => {
      const peers = await openPeers(t);
      const { a, b, apart } = peers;
      await apart(async () => {
        await a.kv.set("k", 1, { ttl: "1h" });
        await b.records.put("r", 1, { ttl: "2h" });
      });
      const left = () => onBoth(peers, async ({ kv, records }) => [await kv.has("k"), await records.has("r")]);
      equal(
        await onBoth(peers, async ({ kv }) => (await kv.getEntry("k"))?.expiresAt),
        new Date(t.clock.now() + 3_600_000),
        "when the value expires",
      );
      for (const expected of [
        [true, true],
        [false, true],
        [false, false],
      ]) {
        equal(await left(), expected, "what is there");
        t.clock.advance(3_600_000);
      }
    }),

    clause("K-peers-indexes", "Indexes find what comes from others, and what is merged", async (t) => {
      const peers = await openPeers(t);
      const inC = ({ records }: Store) =>
        records.collection<{ n: number; m?: number }>("c", { indexes: { n: { on: ["n"] } } });
      const [ofA, ofB] = [inC(peers.a), inC(peers.b)];
      await ofA.put("x", { n: 1 });
      await peers.apart(async () => {
        await ofA.update("x", { n: 2 });
        await ofB.update("x", { m: 1 });
        await ofB.put("y", { n: 2 });
        await ofB.put("z", { n: 1 });
      });
      const found = (n: number) =>
        onBoth(peers, async (store) => (await inC(store).list({ where: { n } }).toArray()).map(({ key }) => key));
      equal([await found(1), await found(2)], [["z"], ["x", "y"]], "what is found");
    }),

    clause(
      "K-peers-unique",
      "Records that got one unique value apart both stay, each in the other's conflicts",
      async (t) => {
        const peers = await openPeers(t);
        const inC = ({ records }: Store) =>
          records.collection<{ mail: string }>("c", { indexes: { mail: { on: ["mail"], unique: true } } });
        await peers.apart(async () => {
          await inC(peers.a).put("x", { mail: "m" });
          await inC(peers.b).put("y", { mail: "m" });
        });
        const keysOf = (key: string) =>
          onBoth(peers, async (store) => (await inC(store).conflicts(key)).map((other) => other.key));
        equal([await keysOf("x"), await keysOf("y")], [["y"], ["x"]], "the conflicts");
      },
    ),

    clause("K-peers-blobs", "A blob comes with its bytes and what was said of them", async (t) => {
      const peers = await openPeers(t);
      const bytes = bytesOf(700_001);
      const metadata = { by: "a" };
      await peers.apart(async () => {
        await peers.a.blobs.put("x", bytes, { contentType: "image/png", metadata });
        await peers.a.blobs.copy("x", "y");
        await peers.b.blobs.put("empty", "");
      });
      for (const key of ["x", "y"]) {
        const found = await onBoth(peers, async ({ blobs }) => (await blobs.get(key))?.bytes());
        equal(found, bytes, "the bytes");
        const said = await onBoth(peers, async ({ blobs }) => {
          const { size, contentType, metadata } = present(await blobs.head(key), "the blob");
          return { size, contentType, metadata };
        });
        equal(said, { size: bytes.length, contentType: "image/png", metadata }, "what is said of them");
        equal(await onBoth(peers, ({ blobs }) => blobs.verify(key)), true, "whether they are what they were");
      }
    }),
  ],
};
