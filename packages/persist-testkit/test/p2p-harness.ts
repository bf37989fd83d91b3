// Peers on this machine, as the kit gets at them: a place is three files, each with a peer in the network of loopback. Who opens a place beside those that are open gets the next one.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createStore,
  type Engine,
  fourMethods,
  type PersistAdapter,
  PersistError,
  type Scope,
  type Store,
} from "@cuitty/persist-core";
import { type P2p, p2p as p2pOf } from "@cuitty/persist-p2p";
import { p2p } from "@cuitty/persist-p2p/adapter";
import { findFreePort, startProxy, type Proxy as Way } from "@cuitty/persist-servers";
import type { Harness } from "@cuitty/persist-testkit";

const peersOfPlace = 3;
const secret = "a secret that the peers of the kit share";
/** Nothing that expires is left then: peers may have swept, or not. */
const endOfTime = 4e12;

interface Peer {
  readonly adapter: PersistAdapter;
  /** By scope: one of each that anybody has opened in this place. */
  readonly engines: Map<string, Engine>;
  handles: number;
}

interface PeersOfPlace {
  readonly ports: number[];
  /** By which the others reach each. */
  readonly ways: readonly Way[];
  readonly scopes: Map<string, Scope>;
  readonly open: Map<number, Peer>;
  /** After crashes: of the lives before. */
  readonly lost: Peer[];
  life: number;
  /** Has all that was written when the others were closed. */
  next: number;
}

/** `followers`: so many peers of each place are there from the beginning, whoever opens it, and must have the same in the end. */
export function p2pThreeHarness({ followers = 0 } = {}): Harness & { end(): void } {
  const folder = mkdtempSync(join(tmpdir(), "persist-kit-"));
  const places = new Map<string, PeersOfPlace>();

  const pathOf = (id: string, { life }: PeersOfPlace, number: number) => join(folder, `${id}.${life}.${number}.db`);

  const placeOf = async (id: string) => {
    const known = places.get(id);
    if (known !== undefined) return known;
    const ports = await Promise.all(Array.from({ length: peersOfPlace }, findFreePort));
    const ways = await Promise.all(ports.map((port) => startProxy(port)));
    const place: PeersOfPlace = { ports, ways, scopes: new Map(), open: new Map(), lost: [], life: 0, next: 0 };
    places.set(id, place);
    return place;
  };

  const openPeer = async (id: string, place: PeersOfPlace, number: number): Promise<Peer> => {
    const known = place.open.get(number);
    if (known !== undefined) return known;
    const addressOf = (port: number | undefined) => `/ip4/127.0.0.1/tcp/${port}`;
    const open = () =>
      p2p({
        path: pathOf(id, place, number),
        durability: "relaxed",
        discovery: {
          method: "static",
          topic: `kit-${id}-${place.life}`,
          peers: place.ways.filter((_, other) => other !== number).map(({ port }) => addressOf(port)),
        },
        listen: [addressOf(place.ports[number])],
        secret,
      });
    // Another process may have been faster.
    const adapter = await open().catch(async (error: unknown) => {
      if (!PersistError.is(error, "UNAVAILABLE") || !error.message.includes("the port is taken")) throw error;
      lead(place, number, await findFreePort());
      return open();
    });
    const peer = { adapter, engines: new Map(), handles: 0 };
    place.open.set(number, peer);
    for (const scope of place.scopes.values()) await openScope(peer, scope);
    return peer;
  };

  /** Nobody has the peer any more. */
  const closePeer = async (place: PeersOfPlace, number: number, peer: Peer) => {
    if (place.open.size > 1) {
      await settle(place);
      await compare(place);
    }
    place.next = number;
    place.open.delete(number);
    await endPeer(peer);
    if ([...place.open.values()].some(({ handles }) => handles > 0)) return;
    for (const follower of place.open.values()) await endPeer(follower);
    place.open.clear();
  };

  return {
    name: followers === 0 ? "p2p-three" : "p2p-followed",
    peers: true,

    async open(id) {
      const place = await placeOf(id);
      const number = choosePeer(place);
      const peer = await openPeer(id, place, number);
      peer.handles++;
      for (let other = 1; other <= followers; other++) await openPeer(id, place, (number + other) % peersOfPlace);
      const engine = async (scope: Scope) => {
        await openScope(peer, scope);
        place.scopes.set(JSON.stringify(scope), scope);
        for (const other of place.open.values()) await openScope(other, scope);
        return openEngine(peer.adapter, scope);
      };
      let isClosed = false;
      return {
        ...fourMethods(engine),
        engine,
        async close() {
          if (isClosed) return;
          isClosed = true;
          if (--peer.handles === 0 && place.open.get(number) === peer) await closePeer(place, number, peer);
        },
      };
    },

    async settle(id) {
      const place = places.get(id);
      if (place !== undefined) await settle(place);
    },

    async part(id) {
      const place = await placeOf(id);
      for (const way of place.ways) {
        way.refuse();
        way.cut();
      }
      await Promise.all(networksOf(place).map(untilAlone));
    },

    async crash(id) {
      const place = await placeOf(id);
      const before = place.ports.map((_, number) => pathOf(id, place, number));
      place.next = [...place.open.keys()][0] ?? place.next;
      place.lost.push(...place.open.values());
      place.open.clear();
      place.life++;
      for (const number of place.ports.keys()) lead(place, number, await findFreePort());
      for (const [number, path] of before.entries()) {
        for (const suffix of ["", "-wal"]) {
          if (existsSync(path + suffix)) copyFileSync(path + suffix, pathOf(id, place, number) + suffix);
        }
      }
    },

    async destroy(id) {
      const place = places.get(id);
      if (place === undefined) return;
      places.delete(id);
      for (const peer of [...place.lost, ...place.open.values()]) await endPeer(peer);
      for (const way of place.ways) await way.close();
    },

    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One that nobody has opened; where there is none, the first. */
function choosePeer({ open, next }: PeersOfPlace): number {
  const free = [next, ...Array(peersOfPlace).keys()].find((number) => (open.get(number)?.handles ?? 0) === 0);
  return free ?? 0;
}

/** Has an engine of each scope, by which the peer is reached, and the others' digests can be compared. */
async function openScope({ adapter, engines }: Peer, scope: Scope): Promise<void> {
  const name = JSON.stringify(scope);
  if (!engines.has(name)) engines.set(name, await openEngine(adapter, scope));
}

async function openEngine(adapter: PersistAdapter, scope: Scope): Promise<Engine> {
  if (adapter.engine === undefined) throw new Error("The adapter has no engine.");
  return adapter.engine(scope);
}

async function endPeer({ adapter, engines }: Peer): Promise<void> {
  for (const engine of engines.values()) await engine.close();
  await adapter.close?.();
}

/** `undefined` where no scope was opened: nothing was written either. */
function networkOf({ engines }: Peer): P2p | undefined {
  const [engine] = engines.values();
  return engine === undefined ? undefined : p2pOf({ raw: () => engine.raw() } as Store);
}

const networksOf = ({ open }: PeersOfPlace): P2p[] => [...open.values()].flatMap((peer) => networkOf(peer) ?? []);

/** Resolves when it has no links any more. */
async function untilAlone(network: P2p): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      if (network.peers().length > 0) return;
      stop();
      resolve();
    };
    const stop = network.on("peer", look);
    look();
  });
}

function lead({ ports, ways }: PeersOfPlace, number: number, port: number): void {
  ports[number] = port;
  ways[number]?.lead(port);
}

/** Resolves when all that are open are equal, at one moment. */
async function settle(place: PeersOfPlace): Promise<void> {
  for (const way of place.ways) await way.accept();
  const networks = networksOf(place);
  const others = networks.length - 1;
  if (others < 1) return;
  const areEqual = () => networks.every((network) => network.peers().filter(({ inSync }) => inSync).length === others);
  do await Promise.all(networks.map((network) => network.synced({ peers: others, timeout: "60s" })));
  while (!areEqual());
}

/** Fails where two peers that are equal have not the same. */
async function compare({ open, scopes }: PeersOfPlace): Promise<void> {
  for (const { name, namespace } of scopes.values()) {
    const digests = new Set<string>();
    for (const { adapter } of open.values()) {
      const scope = namespace === "" ? { name } : { name, namespace };
      const store = await createStore({ ...scope, adapter, clock: () => endOfTime });
      digests.add(await store.digest());
      await store.close();
    }
    if (digests.size > 1)
      throw new PersistError("INTERNAL", `Peers are equal, and "${namespace}" has ${digests.size} digests.`);
  }
}
