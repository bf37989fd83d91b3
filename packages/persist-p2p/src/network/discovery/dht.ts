/** Finding peers over a distributed hash table: each says that it "provides" the hash of the meeting, and asks who else does. What it answers may be old, so it is only heard of. */
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { peerOf } from "../addresses.ts";
import { knownNodes } from "../libp2p-quirks.ts";
import type { Discovery, Finding, MeetingEvents } from "./discovery.ts";

export interface DhtOptions {
  readonly node: Libp2p;
  readonly bootstrap: readonly string[];
  readonly isPublic: boolean;
  onChange(): void;
}

/** Those of IPFS. */
const publicBootstrap = [
  "/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
  "/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa",
  "/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvUcjqanj75Nb",
  "/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt",
];

/** Milliseconds. */
const firstPause = 1_000;
const longestPause = 60_000;
const patience = 30_000;
/** Nodes forget a provider after two days; a new one has to hear of it sooner. */
const provideAgain = 600_000;
const enoughNodes = 20;
const rawCodec = 0x55;

export function createDht(o: DhtOptions): Discovery {
  const nodes = [...o.bootstrap, ...(o.isPublic ? publicBootstrap : [])];
  const failures = new Map<string, string>();
  const stopped = new AbortController();
  let lastFailure: string | undefined;
  let troubleBefore: string | undefined;

  const bootstrapping = repeat(stopped.signal, reachBootstrap);

  /** Answers whether all is well. */
  async function reachBootstrap(): Promise<boolean> {
    const connected = new Set(o.node.getConnections().map(({ remotePeer }) => remotePeer.toString()));
    const missing = nodes.filter((address) => !connected.has(peerOf(address) ?? ""));
    await Promise.all(
      missing.map(async (address) => {
        try {
          await o.node.dial(multiaddr(address), { signal: within(stopped.signal) });
          failures.delete(address);
        } catch (error) {
          failures.set(address, (error as Error).message);
        }
      }),
    );
    const trouble = troubleOf();
    if (trouble !== troubleBefore && !stopped.signal.aborted) o.onChange();
    troubleBefore = trouble;
    return failures.size === 0;
  }

  function troubleOf(): string | undefined {
    if (failures.size < nodes.length) return undefined;
    return `no bootstrap node can be reached: ${[...failures].map(([address, why]) => `${address} (${why})`).join(", ")}`;
  }

  async function search(cid: CID, events: MeetingEvents, signal: AbortSignal): Promise<boolean> {
    for await (const { id, multiaddrs } of o.node.contentRouting.findProviders(cid, { signal: within(signal) })) {
      if (signal.aborted) break;
      events.sighted(
        id.toString(),
        multiaddrs.map((address) => address.toString()),
      );
    }
    return events.isMissing?.() !== true;
  }

  return {
    join(meeting, events) {
      const left = new AbortController();
      const signal = AbortSignal.any([left.signal, stopped.signal]);
      let provided = { at: 0, to: 0 };
      void repeat(signal, async () => {
        const cid = CID.createV1(rawCodec, await sha256.digest(meeting));
        try {
          const to = await knownNodes(o.node, signal);
          const isOld = Date.now() - provided.at > provideAgain;
          // The first ones to hear of it may not be those that are asked for it.
          if (isOld || (to > provided.to && provided.to < enoughNodes)) {
            await o.node.contentRouting.provide(cid, { signal: within(signal) });
            if (to > 0) provided = { at: Date.now(), to };
          }
          const isEnough = await search(cid, events, signal);
          lastFailure = undefined;
          return isEnough;
        } catch (error) {
          lastFailure = (error as Error).message;
          return false;
        }
      });
      return () => left.abort();
    },
    trouble: troubleOf,
    findings: () => [
      ...nodes.map(
        (address): Finding => ({
          what: `bootstrap node ${address}`,
          ok: !failures.has(address),
          detail: failures.get(address) ?? "connected",
        }),
      ),
      { what: "DHT", ok: lastFailure === undefined, detail: lastFailure ?? "it is asked for peers again and again" },
    ],
    async stop() {
      stopped.abort();
      await bootstrapping;
    },
  };
}

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(patience)]);
}

/** Again and again, with pauses that grow as long as all is well, and less so otherwise. */
async function repeat(signal: AbortSignal, what: () => Promise<boolean>): Promise<void> {
  let pause = firstPause;
  while (!signal.aborted) {
    const isWell = await what().catch(() => false);
    pause = Math.min(isWell ? longestPause : 10 * firstPause, pause * 1.5);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, pause);
      timer.unref();
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
