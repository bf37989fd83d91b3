import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { linkTo, newFolder, newTopic, type Peer, secret, startPeer } from "./networks.ts";
import { membershipOf, openAs, startRaw } from "./raw-peer.ts";

const wait = { timeout: 20_000, interval: 10 };

function linked(a: Peer, b: Peer): Promise<void> {
  return vi.waitFor(() => expect([linkTo(a, b), linkTo(b, a)]).not.toContain(undefined), wait);
}

async function startOwner(topic: string, folder?: string): Promise<Peer> {
  return startPeer({ members: "owner", discovery: { topic }, ...(folder === undefined ? {} : { folder }) });
}

/** One that the owner has let in. */
async function startMember(topic: string, owner: Peer, peers: readonly Peer[] = [owner]): Promise<Peer> {
  const member = await startPeer({
    members: { owner: owner.network.owner as string },
    discovery: { topic, peers: peers.flatMap(({ network }) => network.listening()) },
  });
  await member.network.pair(await owner.network.invite());
  return member;
}

test("who has a certificate is let in by everybody, and who has none by nobody", async () => {
  const topic = newTopic();
  const owner = await startOwner(topic);
  const a = await startMember(topic, owner);
  await linked(a, owner);
  const b = await startMember(topic, owner, [owner, a]);
  await linked(b, owner);
  await linked(b, a);
  const ids = [owner, a, b].map(({ network }) => network.id).sort();
  await vi.waitFor(() => {
    for (const { network } of [owner, a, b]) expect(network.members()).toEqual(ids);
  }, wait);

  const stranger = await startPeer({
    members: { owner: owner.network.owner as string },
    discovery: { topic, peers: a.network.listening() },
  });
  expect(stranger.network.status()).toMatchObject({ discovery: "off" });
  expect(stranger.links).toEqual([]);
});

test("whoever makes the group's owner up is refused", async () => {
  const topic = newTopic();
  const owner = await startOwner(topic);
  const impostor = await startPeer({ members: "owner", discovery: { topic, peers: owner.network.listening() } });
  await vi.waitFor(() => expect(owner.refusals).not.toEqual([]), wait);
  expect([owner.links, impostor.links]).toEqual([[], []]);
});

test("a revocation ends the link, everywhere, and for good", async () => {
  const topic = newTopic();
  const owner = await startOwner(topic);
  const [a, b] = [await startMember(topic, owner), await startMember(topic, owner)];
  const c = await startMember(topic, owner, [owner, a, b]);
  await Promise.all([linked(c, a), linked(c, b), linked(a, owner), linked(b, owner)]);
  await owner.network.revoke(c.network.id);
  await vi.waitFor(
    () => expect([owner, a, b].map((peer) => linkTo(peer, c))).toEqual([undefined, undefined, undefined]),
    wait,
  );
  await vi.waitFor(() => expect(a.network.members()).not.toContain(c.network.id), wait);
  await vi.waitFor(() => expect(c.network.status()).toMatchObject({ discovery: "off" }), wait);
  await expect(a.network.revoke(b.network.id)).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

test("whoever knows the topic and the owner, and has no certificate of its own, is refused", async () => {
  const topic = newTopic();
  const owner = await startOwner(topic);
  const members = { owner: owner.network.owner as string };
  const discovery = { method: "static", topic } as const;
  const addresses = owner.network.listening();
  const member = await startMember(topic, owner);
  await linked(member, owner);
  const folder = await newFolder();
  const impostor = await startPeer({ members: "owner", folder, discovery: { topic } });
  const own = JSON.parse(await readFile(join(folder, "roster.json"), "utf8")) as readonly string[];
  await impostor.network.stop();
  const [, others = ""] = JSON.parse(await readFile(join(owner.folder, "roster.json"), "utf8")) as readonly string[];
  const expected = "it has no certificate of the owner";
  for (const certificate of ["", "nonsense", own[0] as string, others, others.replace(/.$/, "")]) {
    const node = await startRaw(certificate === own[0] ? folder : undefined);
    const membership = await membershipOf(node, { members, discovery });
    await expect(openAs(node, membership, addresses, certificate)).rejects.toThrow("refused");
    await vi.waitFor(() => expect(owner.refusals.at(-1)).toBe(expected), wait);
  }
  expect(owner.refusals.length).toBe(5);
  expect(owner.links.length).toBe(1);
});

test("a revoked peer that does not care is cut off and refused", async () => {
  const topic = newTopic();
  const owner = await startOwner(topic);
  const member = await startMember(topic, owner);
  const witness = await startMember(topic, owner);
  await Promise.all([linked(member, owner), linked(witness, owner)]);
  await member.network.stop();
  const members = { owner: owner.network.owner as string };
  const node = await startRaw(member.folder);
  const options = { folder: member.folder, members, discovery: { method: "static", topic } } as const;
  const membership = await membershipOf(node, options);
  const heard = await openAs(node, membership, owner.network.listening());
  const elsewhere = await openAs(node, membership, witness.network.listening());
  await owner.network.revoke(member.network.id);
  await vi.waitFor(() => expect([heard.isOver(), elsewhere.isOver()]).toEqual([true, true]), wait);
  for (const { network } of [owner, witness]) {
    await expect(openAs(await startRaw(member.folder), membership, network.listening())).rejects.toThrow();
  }
});

test("what was learnt of the owner is still known after a restart", async () => {
  const topic = newTopic();
  const folder = await newFolder();
  const owner = await startOwner(topic, folder);
  const a = await startMember(topic, owner);
  await linked(a, owner);
  const { id } = owner.network;
  await owner.network.revoke(a.network.id);
  await owner.network.stop();
  const again = await startOwner(topic, folder);
  expect(again.network).toMatchObject({ id, owner: owner.network.owner });
  expect(again.network.members()).toEqual([id]);
  for (const name of await readdir(folder)) {
    expect(((await stat(join(folder, name))).mode & 0o777).toString(8), name).toBe("600");
  }
  expect(((await stat(folder)).mode & 0o777).toString(8)).toBe("700");
});

test("a code brings the secret, once, and it is kept", async () => {
  const topic = newTopic();
  const a = await startPeer({ secret, discovery: { topic } });
  const folder = await newFolder();
  const peers = a.network.listening();
  const b = await startPeer({ folder, discovery: { topic, peers } });
  const code = await a.network.invite();
  expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  await b.network.pair(code.toLowerCase().replaceAll("-", " "));
  await linked(a, b);
  await b.network.stop();
  const again = await startPeer({ folder, discovery: { topic, peers } });
  await linked(a, again);

  const c = await startPeer({ discovery: { topic, peers } });
  await expect(c.network.pair(code)).rejects.toMatchObject({ code: "DENIED" });
  expect(c.links).toEqual([]);
});

test("a code is found by mDNS", async () => {
  const topic = newTopic();
  const discovery = { topic, method: "mdns" } as const;
  const a = await startPeer({ secret, discovery });
  const b = await startPeer({ discovery });
  await b.network.pair(await a.network.invite());
  await linked(a, b);
});

test("there is no code where membership is open, and none of a member that is not the owner", async () => {
  const topic = newTopic();
  const open = await startPeer({ open: true, discovery: { topic } });
  await expect(open.network.invite()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const owner = await startOwner(topic);
  const member = await startMember(topic, owner);
  await expect(member.network.invite()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(member.network.pair("what is this")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
