/** The libp2p node, with the settings that were found to work. */
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import {
  type ConnectionGater,
  type ConnectionProtector,
  FaultTolerance,
  type Libp2p,
  type PrivateKey,
} from "@libp2p/interface";
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from "@libp2p/kad-dht";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { ownDhtProtocol } from "./libp2p-quirks.ts";
import { createProtector } from "./network-key.ts";

export interface NodeOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly relay: readonly string[];
  readonly gater: ConnectionGater;
  /** Whether it is reached, or reaches others, by way of other nodes: they have to know its addresses. */
  readonly isPublished: boolean;
  readonly dht: "own" | "public" | undefined;
  /** Relays for others, without libp2p's limits of 128 KiB and two minutes. */
  readonly relays?: true;
  readonly networkKey: Uint8Array | undefined;
  readonly mostConnections: number;
}

/** Started. */
export async function createNode(o: NodeOptions): Promise<Libp2p> {
  const { isPublished } = o;
  return await createLibp2p({
    privateKey: o.privateKey,
    addresses: { listen: [...o.listen, ...o.relay.map((address) => `${address}/p2p-circuit`)] },
    // A relay that is away now may be there later.
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    transports: [tcp(), webSockets(), ...(isPublished ? [circuitRelayTransport()] : [])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: o.gater,
    ...(o.networkKey === undefined ? {} : { connectionProtector: protectorWith(o.networkKey) }),
    connectionManager: {
      maxConnections: o.mostConnections,
      maxParallelDials: 20,
      maxIncomingPendingConnections: 50,
      inboundConnectionThreshold: 50,
      inboundUpgradeTimeout: 4_000,
      inboundStreamProtocolNegotiationTimeout: 3_000,
      dialTimeout: 5_000,
      addressDialTimeout: 3_000,
      // What is dialled again, and when, is decided in dialler.ts.
      reconnectRetries: 0,
    },
    // Links watch themselves. This is for connections to bootstrap nodes and relays.
    connectionMonitor: { enabled: isPublished, pingInterval: 5_000 },
    services: {
      ping: ping({ maxInboundStreams: 2 }),
      // Tells everybody our addresses: only where they are published anyway.
      ...(isPublished ? { identify: identify() } : {}),
      ...(o.dht === undefined ? {} : { dht: o.dht === "own" ? ownDht() : publicDht() }),
      ...(o.relays === true
        ? { relay: circuitRelayServer({ reservations: { applyDefaultLimit: false, maxReservations: 1_000 } }) }
        : {}),
    },
  });
}

function protectorWith(key: Uint8Array): () => ConnectionProtector {
  return () => createProtector(key);
}

/** Also between private addresses, and with peers that came just now. */
function ownDht(): ReturnType<typeof kadDHT> {
  return kadDHT({
    protocol: ownDhtProtocol,
    peerInfoMapper: passthroughMapper,
    clientMode: false,
    initialQuerySelfInterval: 100,
    allowQueryWithZeroPeers: true,
  });
}

function publicDht(): ReturnType<typeof kadDHT> {
  return kadDHT({ protocol: "/ipfs/kad/1.0.0", peerInfoMapper: removePrivateAddressesMapper });
}
