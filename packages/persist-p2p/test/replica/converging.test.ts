/** Whatever is written where, and whoever reads whom when: in the end all have the same. */
import type { Store } from "@cuitty/persist-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyAll, expectEqual, openPeers, read, readAll, type TestPeer } from "../stores.ts";
import { createGroup, openMember } from "./groups.ts";

const key = fc.constantFrom("a", "b", "c");
const small = fc.integer({ min: -3, max: 9 });
const document = fc.record({ x: small, list: fc.array(small, { maxLength: 4 }), at: fc.record({ y: small }) });
const field = fc.constantFrom("x", "z", "w");

type Write = (store: Store) => Promise<unknown>;

const write: fc.Arbitrary<Write> = fc.oneof(
  fc.tuple(key, document).map(
    ([k, value]): Write =>
      (store) =>
        store.records.put(k, value),
  ),
  fc.tuple(key, field, small).map(
    ([k, name, value]): Write =>
      (store) =>
        store.records.update(k, { [name]: value }).catch(ignoreMissing),
  ),
  fc.tuple(key, small).map(
    ([k, item]): Write =>
      (store) =>
        store.records
          .update(k, (r) => {
            const { list = [], ...rest } = r as { list?: number[] };
            return { ...rest, list: [...list.slice(1), item] };
          })
          .catch(ignoreMissing),
  ),
  key.map(
    (k): Write =>
      (store) =>
        store.records.delete(k),
  ),
  fc.tuple(key, small).map(
    ([k, value]): Write =>
      (store) =>
        store.kv.set(k, value),
  ),
  fc.tuple(key, small).map(
    ([k, by]): Write =>
      (store) =>
        store.kv.increment(`n${k}`, by),
  ),
  key.map(
    (k): Write =>
      (store) =>
        store.kv.delete(`n${k}`),
  ),
  fc.tuple(key, fc.string({ maxLength: 5 })).map(
    ([k, body]): Write =>
      (store) =>
        store.blobs.put(k, body),
  ),
  key.map(
    (k): Write =>
      (store) =>
        store.blobs.delete(k),
  ),
  fc.tuple(key, small).map(
    ([k, data]): Write =>
      (store) =>
        store.events.append(k, { type: "t", data }),
  ),
  fc.tuple(key, small).map(
    ([k, data]): Write =>
      (store) =>
        store.events.append(k, { type: "t", data, id: `id${data}` }).catch(ignoreConflict),
  ),
  fc.tuple(key, fc.integer({ min: 1, max: 5 })).map(
    ([k, before]): Write =>
      (store) =>
        store.events.truncate(k, before),
  ),
  fc.tuple(key, key, small).map(
    ([k, other, value]): Write =>
      (store) =>
        store.transaction(async (tx) => {
          await tx.kv.set(k, value);
          await tx.records.put(other, { x: value });
          await tx.events.append("tx", { type: "t", data: value });
        }),
  ),
);

const ignoreMissing = (error: { code?: string }) => expect(error.code).toBe("NOT_FOUND");
const ignoreConflict = (error: { code?: string }) => expect(error.code).toBe("CONFLICT");

const peer = fc.nat({ max: 2 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant("write" as const), at: peer, write }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("read" as const), from: peer, to: peer }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("copy" as const), from: peer, to: peer }) },
);

test.each([
  { whose: "peers", open: () => openPeers(3), numRuns: 100 },
  { whose: "members of a closed group", open: openMembers, numRuns: 30 },
])("$whose converge", { timeout: 300_000 }, async ({ open, numRuns }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const peers = await open();
      const of = (i: number) => peers[i] as TestPeer;
      for (const one of steps) {
        if (one.is === "write") await one.write(of(one.at).store);
        else if (one.from === one.to) continue;
        else if (one.is === "read") read(of(one.from), of(one.to));
        else copyRows(of(one.from), of(one.to));
      }
      readAll(peers);
      await expectEqual(peers);
    }),
    { numRuns },
  );
});

async function openMembers(): Promise<TestPeer[]> {
  const group = createGroup();
  return Promise.all(Array.from({ length: 3 }, () => openMember(group.admit())));
}

/** As after a reconciliation: rows in the order of their ids, without a place; they come again later. */
function copyRows(from: TestPeer, to: TestPeer): void {
  const marks = from.replica.marks(new Uint8Array(16), 0, 1000);
  const items = from.replica.rows(to.replica.lacking(marks).map(({ id }) => id));
  applyAll(from, to, from.replica.eventsAfter(to.replica.vector(), 1e6).items);
  applyAll(from, to, items);
}
