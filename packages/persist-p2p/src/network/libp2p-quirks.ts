/**
 * What libp2p does other than one expects, and what is done about it. Tests fail once it is mended (test/network/quirks.test.ts and lan.test.ts), and then it goes away here.
 *
 * | libp2p | here |
 * |---|---|
 * | `peer:discovery` comes once for each peer, and nothing is dialled by itself | dialler.ts dials on every sighting, and again for ever |
 * | `stream.onDrain()` resolves at once after its first use; `for await` buffers without limit; `pause()` resets the stream at 4 MiB | framed-stream.ts: `send` and the events only |
 * | `drain` comes before what waits has been sent on | framed-stream.ts looks again afterwards |
 * | `@libp2p/mdns` is silent on interfaces without a default route, and cannot be told which to use | discovery/mdns.ts: one socket for each interface |
 * | the DHT finds nobody at private addresses, without an error | a protocol of our own, with every address taken: {@link ownDhtProtocol} |
 * | providing succeeds although there is nobody to hear of it | {@link knownNodes} |
 * | providers of the DHT are remembered for 48 hours | the dialler waits longer and longer for those that do not answer |
 * | a relay cuts connections after 128 KiB and two minutes | `persist-p2p relay` does not; `limited` of a link says it of others |
 * | a stream over such a relay is not even opened unless one asks for it | {@link streamOptions} |
 * | `@libp2p/pnet` breaks down under load | network-key.ts |
 * | two peers that dial each other have two connections | links.ts keeps one, the same one on both sides |
 * | a relay that was away is not asked again | {@link listenAgain} |
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";

/** Of the DHT of Persist's peers and bootstrap nodes. */
export const ownDhtProtocol = "/cuitty-persist/kad/1.0.0";

export const streamOptions: {
  readonly runOnLimitedConnection: true;
  readonly maxInboundStreams: number;
  readonly maxOutboundStreams: number;
} = { runOnLimitedConnection: true, maxInboundStreams: 2, maxOutboundStreams: 2 };

/** Listens on one more address after the node was started. */
export async function listenAgain(node: Libp2p, address: string): Promise<void> {
  const { components } = node as unknown as {
    readonly components: { readonly transportManager: { listen(addresses: unknown[]): Promise<void> } };
  };
  await components.transportManager.listen([multiaddr(address)]);
}

/** How many nodes of the DHT this one knows. Waits for the first one, for a while. */
export async function knownNodes(node: Libp2p, signal: AbortSignal): Promise<number> {
  const { dht } = node.services as unknown as { readonly dht: { readonly routingTable: { readonly size: number } } };
  for (let times = 0; times < 50 && dht.routingTable.size === 0 && !signal.aborted; times++) await delay(100);
  return dht.routingTable.size;
}
