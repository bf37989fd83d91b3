/** Membership and what depends on it, as users have it. */
import { join } from "node:path";
import { createStore, type Store } from "@cuitty/persist-core";
import { type P2pOptions, p2p } from "@cuitty/persist-p2p";
import { expect, onTestFinished, test, vi } from "vitest";
import { storeOf } from "../src/store-handle.ts";
import { createGroup } from "./replica/groups.ts";
import { temporaryFolder } from "./stores.ts";

async function open(path: string, peers: readonly string[], how: Pick<P2pOptions, "members" | "secret">) {
  const store = await createStore({
    name: "notes",
    adapter: "p2p",
    path,
    discovery: { method: "static", topic: "notes", peers },
    listen: ["/ip4/127.0.0.1/tcp/0"],
    ...how,
  });
  onTestFinished(() => store.close());
  await p2p(store).started();
  return store;
}

const addressOf = (store: Store) => p2p(store).status().listening[0] as string;

test("members are made by a code, know what is final, and are no members once they are revoked", {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder();
  const owner = await open(join(folder, "owner.db"), [], { members: "owner" });
  const members = { owner: p2p(owner).status().owner as string };
  const other = await open(join(folder, "other.db"), [addressOf(owner)], { members });
  await owner.events.append("s", { type: "t", data: 1 });
  await p2p(other).pair(await p2p(owner).invite());
  await p2p(owner).synced({ peers: 1 });
  expect(await other.events.head("s")).toBe(1);
  await expect.poll(() => p2p(other).finalUpTo()).toBe(1);
  await owner.events.append("s", { type: "t", data: 2 });
  await p2p(owner).synced({ peers: 1 });
  await expect.poll(() => p2p(other).finalUpTo(), { timeout: 40_000 }).toBe(2);

  await p2p(owner).revoke(p2p(other).status().id);
  await expect.poll(() => p2p(owner).peers()).toEqual([]);
  await owner.kv.set("secret", 1);
  await expect(p2p(owner).synced({ peers: 1, timeout: 300 })).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(await other.kv.get("secret")).toBeUndefined();
});

test("what a member has written is taken from another one, to whom it is signed; what is not signed by a member is taken from nobody", {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder();
  const owner = await open(join(folder, "owner.db"), [], { members: "owner" });
  const members = { owner: p2p(owner).status().owner as string };
  const become = async (name: string) => {
    const store = await open(join(folder, name), [addressOf(owner)], { members });
    await p2p(store).pair(await p2p(owner).invite());
    return store;
  };
  const author = await become("author.db");
  await author.records.put("r", { by: "author" });
  await author.events.append("s", { type: "t", data: 1 });
  await p2p(author).synced({ peers: 1 });
  await author.close();
  const reader = await become("reader.db");
  await p2p(reader).synced({ peers: 1 });
  expect((await reader.records.get("r"))?.value).toEqual({ by: "author" });
  expect(await reader.events.head("s")).toBe(1);

  const refused = vi.fn();
  p2p(owner).on("refused", refused);
  storeOf(reader.raw())?.peer.replica.authorize(createGroup().stranger().authority);
  await reader.records.put("r", { by: "a stranger" });
  await vi.waitFor(() => expect(refused).toHaveBeenCalled(), { timeout: 20_000 });
  expect(JSON.stringify(refused.mock.calls)).toContain("without the signature of a member");
  expect((await owner.records.get("r"))?.value).toEqual({ by: "author" });
});

test("what is final stays final when a member goes", { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const owner = await open(join(folder, "owner.db"), [], { members: "owner" });
  const members = { owner: p2p(owner).status().owner as string };
  const other = await open(join(folder, "other.db"), [addressOf(owner)], { members });
  await other.events.append("s", { type: "t", data: 1 });
  await p2p(other).pair(await p2p(owner).invite());
  await p2p(owner).synced({ peers: 1 });
  await expect.poll(() => p2p(owner).finalUpTo()).toBe(1);
  await other.close();
  await expect.poll(() => p2p(owner).peers()).toEqual([]);
  expect(p2p(owner).finalUpTo()).toBe(1);
});

test("what needs a closed membership says so", { timeout: 30_000 }, async () => {
  const store = await open(join(temporaryFolder(), "a.db"), [], { secret: "a secret of more than sixteen bytes" });
  expect(() => p2p(store).finalUpTo()).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  await expect(p2p(store).revoke("12D3KooWnobody")).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

test("a store without discovery has no network, and says so", async () => {
  const store = await createStore({ name: "notes", adapter: "p2p", path: ":memory:" });
  onTestFinished(() => store.close());
  expect(p2p(store).status()).toMatchObject({ discovery: "off", id: "", listening: [] });
  await expect(p2p(store).synced()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(p2p(store).invite()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const other = await createStore({ name: "notes", adapter: "sqlite", path: ":memory:" });
  onTestFinished(() => other.close());
  expect(() => p2p(other)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});
