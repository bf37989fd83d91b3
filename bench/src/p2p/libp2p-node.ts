/** libp2p as ours has it on a static network: TCP on loopback, Noise, Yamux. */
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { type LengthPrefixedStream, lpStream } from "@libp2p/utils";
import { yamux } from "@libp2p/yamux";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p, type Libp2pOptions } from "libp2p";
import type { Address } from "./peer.ts";

export const libp2pOptions = {
  addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
} satisfies Libp2pOptions;

/** In bytes: of what is read ahead, and of one frame. */
const largestFrame = 2 ** 28;

/** A node with one protocol, whose streams carry frames with their length before them. */
export async function startNode(
  protocol: string,
  handle: (frames: LengthPrefixedStream) => void,
): Promise<Libp2p & { address(): Address; open(to: Address): Promise<LengthPrefixedStream> }> {
  const node = await createLibp2p(libp2pOptions);
  const framesOn = (stream: Parameters<typeof lpStream>[0]) => lpStream(stream, { maxBufferSize: largestFrame });
  await node.handle(protocol, (stream) => handle(framesOn(stream)));
  return Object.assign(node, {
    address: () => addressOf(node),
    open: async (to: Address) => framesOn(await node.dialProtocol(multiaddrOf(to), protocol)),
  });
}

export function addressOf(node: Libp2p): Address {
  const [first] = node.getMultiaddrs();
  const port = first?.getComponents().find(({ name }) => name === "tcp")?.value;
  return { port: Number(port), detail: String(node.peerId) };
}

export function multiaddrOf({ port, detail }: Address): Multiaddr {
  return multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${detail}`);
}
