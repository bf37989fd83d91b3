/** Stores on this adapter without a network, whose replicas are brought together by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, type Store } from "@cuitty/persist-core";
import { p2p } from "@cuitty/persist-p2p/adapter";
import { expect, onTestFinished } from "vitest";
import type { LocalReplica } from "../src/replica/create-replica.ts";
import { storeOf } from "../src/store-handle.ts";
import type { Item } from "../src/sync/replica.ts";

export interface TestPeer {
  readonly store: Store;
  readonly replica: LocalReplica;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "persist-p2p-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function openPeer(path = ":memory:", clock?: () => number): Promise<TestPeer> {
  const adapter = await p2p({ path, durability: "relaxed" });
  const store = await createStore({ name: "test", adapter, ...(clock === undefined ? {} : { clock }) });
  onTestFinished(async () => {
    await store.close();
    await adapter.close?.();
  });
  const { peer } = storeOf(store.raw()) ?? {};
  if (peer === undefined) throw new Error("The store has no peer.");
  return { store, replica: peer.replica };
}

export async function openPeers(count: number): Promise<TestPeer[]> {
  return Promise.all(Array.from({ length: count }, () => openPeer()));
}

/** `to` reads all that it has not read of `from`, commit by commit. */
export function read(from: TestPeer, to: TestPeer): void {
  for (let more = true; more; ) {
    const place = to.replica.readUpTo(from.replica.id) ?? 0;
    const page = from.replica.commitsAfter(place, { bytes: 100_000, without: to.replica.id });
    for (const commit of page.commits) applyAll(from, to, commit.items, commit.place);
    applyAll(from, to, [], page.place);
    more = page.more;
  }
}

/** Fetches bytes that are missing on the way. */
export function applyAll(from: TestPeer, to: TestPeer, items: readonly Item[], place?: number): void {
  for (;;) {
    const { missing, gap, ahead } = to.replica.apply(items, { peer: from.replica.id, place });
    expect({ gap, ahead }).toEqual({ gap: undefined, ahead: undefined });
    if (missing.length === 0) return;
    for (const wanted of missing) {
      for (let at = to.replica.received(wanted.digest); at < wanted.size; ) {
        const bytes = from.replica.chunk(wanted.digest, at);
        if (bytes === undefined) throw new Error("The bytes are not there.");
        to.replica.receive(wanted, at, bytes);
        at += bytes.length;
      }
    }
  }
}

/** Until nobody has anything that another one has not. */
export function readAll(peers: readonly TestPeer[]): void {
  for (let round = 0; round < 2; round++) {
    for (const from of peers) for (const to of peers) if (from !== to) read(from, to);
  }
}

export async function expectEqual(peers: readonly TestPeer[]): Promise<void> {
  const [first, ...others] = await Promise.all(peers.map(({ store }) => store.digest()));
  for (const other of others) expect(other).toBe(first);
  const whole = peers.map(({ replica }) => replica.fingerprint(new Uint8Array(16), 0));
  for (const fingerprint of whole) expect(fingerprint).toEqual(whole[0]);
}
