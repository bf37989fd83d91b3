/** A libp2p node that speaks to a network as it likes. */

import { join } from "node:path";
import type { Libp2p, Stream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { onTestFinished } from "vitest";
import { createFrameReader, encodeFrame } from "../../src/network/framing.ts";
import { loadIdentity } from "../../src/network/identity.ts";
import { syncProtocol } from "../../src/network/links.ts";
import { createHandshake } from "../../src/network/membership/handshake.ts";
import { loadMembership, type Membership } from "../../src/network/membership/membership.ts";
import { type NetworkOptions, parseNetworkOptions } from "../../src/network/options.ts";
import { newFolder, secret } from "./networks.ts";

/** `folder`: with the identity of the peer that was there. */
export async function startRaw(folder?: string): Promise<Libp2p> {
  const node = await createLibp2p({
    ...(folder === undefined ? {} : { privateKey: await loadIdentity(join(folder, "identity.key")) }),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  onTestFinished(() => node.stop());
  return node;
}

/** What has come on a stream, and whether it is over. */
export interface Heard {
  readonly stream: Stream;
  bytes(): number;
  isOver(): boolean;
}

/** Opens the stream of links. */
export async function openRaw(node: Libp2p, addresses: readonly string[]): Promise<Heard> {
  const connection = await node.dial(addresses.map((address) => multiaddr(address)));
  const stream = await connection.newStream(syncProtocol);
  let bytes = 0;
  let isOver = false;
  stream.addEventListener("message", ({ data }) => {
    bytes += data.byteLength;
  });
  for (const event of ["close", "remoteCloseWrite"] as const) {
    stream.addEventListener(event, () => {
      isOver = true;
    });
  }
  return { stream, bytes: () => bytes, isOver: () => isOver };
}

/** The same, with the secret's proof. Resolves once both are convinced. */
export async function openMember(node: Libp2p, topic: string, addresses: readonly string[]): Promise<Heard> {
  return openAs(node, await membershipOf(node, { secret, discovery: { method: "static", topic } }), addresses);
}

/** What it takes to prove it, by these options. */
export async function membershipOf(
  node: Libp2p,
  options: Omit<NetworkOptions, "folder"> & { folder?: string },
): Promise<Membership> {
  return loadMembership(parseNetworkOptions({ folder: await newFolder(), ...options }), node.peerId.toString());
}

/** With this membership, or another attachment to its proof. Rejects where it is refused. */
export async function openAs(
  node: Libp2p,
  membership: Membership,
  addresses: readonly string[],
  attachment?: string,
): Promise<Heard> {
  const self = node.peerId.toString();
  const heard = await openRaw(node, addresses);
  const peer = /\/p2p\/(\w+)$/.exec(addresses[0] as string)?.[1] as string;
  const terms = membership.terms(peer);
  const attach = attachment === undefined ? terms.attach : () => Buffer.from(attachment);
  const handshake = createHandshake({ role: "first", self, peer, ...terms, attach });
  await new Promise<void>((resolve, reject) => {
    let isDone = false;
    const reader = createFrameReader(4096, (_, message) => {
      if (isDone) return;
      const { send, done } = handshake.receive(message);
      if (send !== undefined) heard.stream.send(encodeFrame("data", send));
      if (!done) return;
      isDone = true;
      reader.trust();
      resolve();
    });
    heard.stream.addEventListener("message", ({ data }) => reader.push(data.subarray()));
    heard.stream.addEventListener("close", () => reject(new Error("refused")));
    heard.stream.send(encodeFrame("data", handshake.start() as Uint8Array));
  });
  const alive = setInterval(() => {
    if (heard.stream.writeStatus === "writable") heard.stream.send(encodeFrame("control", new Uint8Array(0)));
  }, 1_000);
  onTestFinished(() => clearInterval(alive));
  return heard;
}
