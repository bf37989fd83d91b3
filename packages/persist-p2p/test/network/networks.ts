/** Networks of tests: on loopback, each with a folder of its own, stopped when the test ends. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Network, startNetwork } from "../../src/network/network.ts";
import type { DiscoveryOptions, NetworkOptions } from "../../src/network/options.ts";
import type { Link } from "../../src/sync/link.ts";

export const loopback = ["/ip4/127.0.0.1/tcp/0"];
export const secret = "a secret that only members know";

/** A topic that no other test uses. */
export function newTopic(): string {
  return `test-${randomUUID()}`;
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "persist-network-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type Options = Omit<Partial<NetworkOptions>, "discovery"> & {
  discovery: Partial<DiscoveryOptions> & { topic: string };
};

export interface Peer {
  readonly network: Network;
  readonly folder: string;
  /** All that have come, in order. */
  readonly links: readonly Link[];
  /** Of links that have ended, why. */
  readonly ends: readonly { readonly link: Link; readonly why: Error | undefined }[];
  /** All frames that have come over any link. */
  readonly frames: readonly Uint8Array[];
  /** Those that were refused, why. */
  readonly refusals: readonly string[];
}

/** Starts one that listens on loopback and knows the given addresses. */
export async function startPeer({ discovery, folder, ...options }: Options): Promise<Peer> {
  const place = folder ?? (await newFolder());
  const network = await startNetwork({
    folder: place,
    listen: loopback,
    ...options,
    discovery: { method: "static", ...discovery },
  });
  onTestFinished(() => network.stop());
  return watch(network, place);
}

function watch(network: Network, folder: string): Peer {
  const links: Link[] = [];
  const ends: { link: Link; why: Error | undefined }[] = [];
  const frames: Uint8Array[] = [];
  const refusals: string[] = [];
  network.on("refused", ({ detail }) => refusals.push(detail));
  network.onLink((link) => {
    links.push(link);
    link.onFrame((frame) => frames.push(frame));
    link.onEnd((why) => ends.push({ link, why }));
  });
  return { network, folder, links, ends, frames, refusals };
}

/** The link to a peer that is there now. */
export function linkTo(peer: Peer, other: Peer): Link | undefined {
  return peer.links.findLast(
    (link) => link.peer === other.network.id && !peer.ends.some(({ link: ended }) => ended === link),
  );
}
