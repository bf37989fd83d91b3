/** The network that runs: what finds peers, lets them in and links them, put together. Loads libp2p. */
import { PersistError } from "@cuitty/persist-core";
import type { Libp2p } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import type { Authority } from "../replica/authority.ts";
import type { Link } from "../sync/link.ts";
import { isPrivateAddress, peerOf } from "./addresses.ts";
import { createBans } from "./bans.ts";
import { diagnose } from "./diagnosis.ts";
import { createDialler, type Dialler } from "./dialler.ts";
import { createDht } from "./discovery/dht.ts";
import type { Discovery, MeetingEvents } from "./discovery/discovery.ts";
import { createMdns } from "./discovery/mdns.ts";
import { createDoorkeeper } from "./doorkeeper.ts";
import { loadIdentity } from "./identity.ts";
import { createLinks } from "./links.ts";
import { keepAdmission, loadMembership, type Membership } from "./membership/membership.ts";
import type { Network, NetworkEvent, NetworkStatus } from "./network.ts";
import { createNode } from "./node.ts";
import type { ParsedOptions } from "./options.ts";
import { createPairing, withPeer } from "./pairing.ts";
import { makePrivateFolder } from "./private-files.ts";
import { keepReservations } from "./relays.ts";
import { readRosterNews, rosterNews } from "./roster-news.ts";
import { authorityOf } from "./signing-keys.ts";
import { closeStrangers } from "./strangers.ts";
import { warnOfOpenTopic } from "./warnings.ts";

export async function runNetwork(options: ParsedOptions): Promise<Network> {
  await makePrivateFolder(options.folder);
  const privateKey = await loadIdentity(options.identity);
  const self = peerIdFromPrivateKey(privateKey).toString();
  let membership = await loadMembership(options, self);
  let authority = authorityOf(privateKey, membership.closed);
  checkReach(options, membership);
  const mostPeers = options.mostPeers ?? (membership.kind === "open" ? 16 : 64);

  const bans = createBans();
  let isPairing = false;
  const doorkeeper = createDoorkeeper({
    isPrivateOnly: () => membership.kind === "private" && !isPairing,
    // Whoever was refused as a stranger may be the one who is to become a member now.
    isBanned: (peer) => bans.isBanned(peer) && !isPairing && !pairing.isInviting(),
  });
  const usesDht = options.methods.has("dht");
  const isPublished =
    usesDht || options.relay.length > 0 || options.peers.some((peer) => peer.includes("/p2p-circuit"));
  const node = await createNode({
    isPublished,
    privateKey,
    listen: options.listen,
    relay: options.relay,
    gater: doorkeeper.gater,
    dht: usesDht ? (options.isPublic ? "public" : "own") : undefined,
    networkKey: options.networkKey,
    mostConnections: 4 * mostPeers + 64,
  });
  await checkListening(node, options);

  const listeners = {
    degraded: new Set<(event: NetworkEvent) => void>(),
    refused: new Set<(event: NetworkEvent) => void>(),
  };
  const refusals = { count: 0, last: "" };
  let linkListener: ((link: Link) => void) | undefined;
  let early: Link[] = [];
  let authorized: (authority: Authority | undefined) => void = () => undefined;
  let isStopped = false;
  let leave: (() => void) | undefined;

  const links = createLinks({
    node,
    terms: (peer) => membership.terms(peer),
    objection(peer, address) {
      if (isStopped) return "this peer is closing";
      if (bans.isBanned(peer)) return "it was refused a moment ago";
      if (membership.isRevoked(peer)) return "the owner has revoked its membership";
      if (!membership.isMember()) return "this peer is no member yet";
      if (membership.kind === "private" && !isPrivateAddress(address)) return "it is not in the local network";
      if (!links.has(peer) && links.all().size >= mostPeers) return `there are ${mostPeers} links already`;
      return undefined;
    },
    onLink(link) {
      doorkeeper.trust(link.address);
      bans.pardon(link.peer);
      dialler.linked(link.peer);
      for (const news of rosterNews(membership.statements())) links.tell(news, link.peer);
      if (linkListener === undefined) early.push(link);
      else linkListener(link);
    },
    onEnd: (peer) => dialler.unlinked(peer),
    onControl(peer, payload) {
      const statements = readRosterNews(payload);
      if (statements === undefined) links.end(peer, "what it says cannot be read", { ban: true });
      else void membership.learn(statements, peer).catch(() => undefined);
    },
    onOffence(peer, address, why) {
      bans.ban(peer);
      refusals.count++;
      refusals.last = `${peer} at ${address}: ${why}`;
      emit("refused", { peer, address, detail: why });
    },
  });

  const dialler: Dialler = createDialler({
    self,
    mesh: options.mesh,
    isLinked: (peer) => links.has(peer),
    isBanned: (peer) => bans.isBanned(peer),
    dial,
  });

  const discoveries: Discovery[] = [
    ...(options.methods.has("mdns")
      ? [
          createMdns({
            self,
            addresses: directAddresses,
            interfaces: options.interfaces,
            interval: options.interval,
            onChange: () => emitStatus(),
          }),
        ]
      : []),
    ...(usesDht
      ? [createDht({ node, bootstrap: options.bootstrap, isPublic: options.isPublic, onChange: () => emitStatus() })]
      : []),
  ];

  const relays = keepReservations(node, options.relay);

  const pairing = createPairing({
    node,
    join,
    places: options.peers,
    isNowhereElse: discoveries.length === 0,
    admit: (peer) => membership.admit(peer),
    admitted: ({ statements = [] }) => membership.learn(statements),
    owner: () => membership.owner,
  });

  closeStrangers(node, { isPublished, isLinked: (peer) => links.has(peer) });
  membership.onNews(spread);
  enter();

  function join(meeting: Uint8Array, events: MeetingEvents): () => void {
    const left = discoveries.map((discovery) => discovery.join(meeting, events));
    return () => {
      for (const leaveOne of left) leaveOne();
    };
  }

  /** Looks for the others, once there is something to show them. */
  function enter(): void {
    if (!membership.isMember()) return;
    if (membership.kind === "private") warnOfOpenTopic();
    leave = join(membership.meeting, {
      sighted: (peer, addresses) => dialler.sighted(peer, addresses),
      left: (peer) => dialler.left(peer),
      isMissing: () => dialler.isMissing(),
    });
    if (options.methods.has("static")) for (const address of options.peers) dialler.fixed(address, peerOf(address));
  }

  async function dial(peer: string | undefined, addresses: readonly string[]): Promise<string> {
    // Whoever knocks without what it is about to get is refused, and banned for a while.
    if (isPairing) throw new Error("this peer is about to become a member");
    const targets = peer === undefined ? addresses : addresses.map((address) => withPeer(address, peer));
    const connection = await node.dial(
      targets.map((address) => multiaddr(address)),
      { signal: AbortSignal.timeout(10_000) },
    );
    const id = connection.remotePeer.toString();
    try {
      await links.open(connection);
    } catch (error) {
      if (!usesDht) void connection.close().catch(() => undefined);
      throw error;
    }
    return id;
  }

  function spread(fresh: readonly string[], from?: string): void {
    for (const peer of links.all().keys()) {
      if (peer !== from) for (const news of rosterNews(fresh)) links.tell(news, peer);
      if (membership.isRevoked(peer)) links.end(peer, "the owner has revoked its membership", { ban: true });
    }
    if (!membership.isMember()) leaveAll("this peer's membership was revoked");
  }

  function leaveAll(why: string): void {
    leave?.();
    leave = undefined;
    links.endAll(why);
  }

  function directAddresses(): readonly string[] {
    return node
      .getMultiaddrs()
      .map((address) => address.toString().replace(/\/p2p\/[A-Za-z0-9]+$/, ""))
      .filter((address) => !address.includes("/p2p-circuit"));
  }

  function status(): NetworkStatus {
    if (isStopped) return { discovery: "off", detail: "the network is stopped" };
    if (!membership.isMember())
      return { discovery: "off", detail: "this peer is no member: pair it by a code of the owner" };
    const troubles = discoveries.flatMap((discovery) => discovery.trouble() ?? []);
    return troubles.length === 0 ? { discovery: "ok" } : { discovery: "degraded", detail: troubles.join("; ") };
  }

  function emitStatus(): void {
    const { discovery, detail } = status();
    emit("degraded", { detail: detail ?? `discovery is ${discovery}` });
  }

  function emit(event: "degraded" | "refused", what: NetworkEvent): void {
    for (const listener of listeners[event]) listener(what);
  }

  return {
    id: self,
    node,
    get owner() {
      return membership.owner;
    },
    listening: () => node.getMultiaddrs().map((address) => address.toString()),
    status,
    diagnose: async () =>
      diagnose({
        listening: node.getMultiaddrs().map((address) => address.toString()),
        status: status(),
        membership: membership.kind,
        findings: [...discoveries.flatMap((discovery) => discovery.findings()), ...relays.findings()],
        known: dialler.known(),
        linked: links.all(),
        refusals,
      }),
    onAuthority(listener) {
      authorized = listener;
      listener(authority);
    },
    onLink(listener) {
      linkListener = listener;
      const waiting = early;
      early = [];
      for (const link of waiting) listener(link);
    },
    invite: () => pairing.invite(),
    async pair(code) {
      if (options.secret !== undefined) {
        throw new PersistError(
          "UNSUPPORTED",
          "Could not pair: this store has its secret by the option secret. Leave it out to get it by a code.",
          {
            adapter: "p2p",
          },
        );
      }
      isPairing = true;
      try {
        await keepAdmission(options.folder, await pairing.pair(code));
      } finally {
        isPairing = false;
      }
      leaveAll("this peer has become a member");
      membership = await loadMembership(options, self);
      membership.onNews(spread);
      authority = authorityOf(privateKey, membership.closed);
      authorized(authority);
      enter();
    },
    revoke: (peer) => membership.revoke(peer),
    members: () => membership.members(),
    on(event, listener) {
      listeners[event].add(listener);
      return () => void listeners[event].delete(listener);
    },
    async stop() {
      if (isStopped) return;
      isStopped = true;
      leaveAll("this peer is closing");
      pairing.stop();
      dialler.stop();
      relays.stop();
      await Promise.all(discoveries.map((discovery) => discovery.stop()));
      await node.stop();
    },
  };
}

function checkReach({ methods }: ParsedOptions, { kind }: Membership): void {
  if (kind !== "private" || !methods.has("dht")) return;
  throw new PersistError(
    "INVALID_ARGUMENT",
    'The discovery method "dht" finds peers all over the world: pass secret or members, so that only yours are let in, or open: true to let everybody in who knows the topic.',
    { adapter: "p2p" },
  );
}

async function checkListening(node: Libp2p, { listen }: ParsedOptions): Promise<void> {
  const isListening = node.getMultiaddrs().some((address) => !address.toString().includes("/p2p-circuit"));
  if (listen.length === 0 || isListening) return;
  await node.stop();
  throw new PersistError(
    "UNAVAILABLE",
    `Could not listen on ${listen.join(", ")}: the port is taken, or the address is not this machine's.`,
    {
      adapter: "p2p",
    },
  );
}
