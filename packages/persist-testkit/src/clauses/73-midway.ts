/** Transactions that others meet midway, also through stores of their own: whoever has seen a part of one sees the rest. */
import type { Store, Transaction } from "@cuitty/persist-core";
import { equal, holds, present } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { needExactKeys } from "../isolation-needs.ts";
import type { Place } from "../place.ts";
import { event } from "../sample-events.ts";

/** Another store over the same data, where the backend allows one. */
function beside(place: Place, store: Store): Promise<Store> {
  return store.capabilities.writers === "process" ? Promise.resolve(store) : place.openBeside();
}

interface Numbered {
  readonly n: number;
  readonly last: boolean;
}

/** What a writer's transaction number `n` leaves, and where a reader finds that number. */
const finders: readonly (readonly [slug: string, what: string, find: (store: Store) => Promise<number | undefined>])[] =
  [
    ["kv", "values of kv", ({ kv }) => kv.get<number>("z")],
    ["records", "records", async ({ records }) => (await records.get<Numbered>("z"))?.value.n],
    ["list", "a list", async ({ kv }) => (await kv.list<number>({ prefix: "z" }).toArray())[0]?.value],
    [
      "query",
      "a query",
      async ({ records }) => (await records.list<Numbered>({ where: { last: true } }).toArray())[0]?.value.n,
    ],
    [
      "events",
      "events",
      async ({ events }) => (await events.read("z", { direction: "backward", limit: 1 }).toArray())[0]?.data as number,
    ],
    ["head", "the head of a stream", ({ events }) => events.head("z")],
    ["blobs", "the content of a blob", async ({ blobs }) => Number(await (await blobs.get("z"))?.text())],
  ];

async function writeNumbered(store: Store, n: number): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.kv.set("a", n);
    await tx.kv.set("z", n);
    await tx.records.put("z", { n, last: true });
    await tx.events.append("z", event(n));
    await tx.blobs.put("z", String(n));
  });
}

export const midway: Chapter = {
  section: "73",
  title: "Transactions midway",
  clauses: [
    ...finders.map(([slug, what, find]) =>
      clause(
        `K-tx-midway-${slug}`,
        ["Who has seen one write of a transaction sees all others of it from then on, through whichever store", what],
        async (t) => {
          const place = t.place();
          const here = await place.open();
          needExactKeys(t, here);
          const there = await beside(place, here);
          await writeNumbered(here, 1);
          let isWriting = true;
          const writing = (async () => {
            for (let n = 2; n <= 15; n++) await writeNumbered(here, n);
          })().finally(() => {
            isWriting = false;
          });
          writing.catch(() => undefined); // told below, where it is awaited
          while (isWriting) {
            const seen = present(await there.kv.get<number>("a"), "the number in kv");
            const found = present(await find(there), `the number in ${what}`);
            holds(found >= seen, `who has seen transaction ${seen} sees no older one in ${what} (it saw ${found})`);
            await new Promise((resolve) => setTimeout(resolve));
          }
          await writing;
          equal(await find(there), 15, "the number at last");
        },
      ),
    ),

    clause(
      "K-tx-transfer-watched",
      "While two stores move money about, every transaction that only reads finds the same sum",
      async (t) => {
        const place = t.place();
        const here = await place.open();
        needExactKeys(t, here);
        const there = await beside(place, here);
        const accounts = ["a", "b", "c"];
        await here.kv.setMany(accounts.map((account) => [account, 100]));
        const sumUp = (tx: Transaction) =>
          tx.kv.getMany<number>(accounts).then((sums) => [...sums.values()].reduce((a, b) => a + b));
        const move = (store: Store, i: number) =>
          store.transaction(async (tx) => {
            const from = accounts[i % 3] as string;
            const to = accounts[(i + 1 + (i % 2)) % 3] as string;
            await tx.kv.set(from, ((await tx.kv.get<number>(from)) ?? 0) - 7);
            await tx.kv.set(to, ((await tx.kv.get<number>(to)) ?? 0) + 7);
          });
        const moves = Array.from({ length: 16 }, (_, i) => move(i % 2 === 0 ? here : there, i));
        const sums = await Promise.all(Array.from({ length: 4 }, () => there.transaction(sumUp)));
        await Promise.all(moves);
        equal([...sums, await here.transaction(sumUp)], [300, 300, 300, 300, 300], "the sums that were found");
      },
    ),
  ],
};
