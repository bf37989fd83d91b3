/** Nodes that hold no data: they tell peers of one another, and pass on what those say whom no other way leads to. */

import { join } from "node:path";
import { PersistError } from "@cuitty/persist-core";
import { multiaddr } from "@multiformats/multiaddr";
import { loadIdentity } from "./identity.ts";
import { createNode } from "./node.ts";

export interface ServeOptions {
  /** A bootstrap node is one of the DHT; a relay passes connections on as well. */
  readonly kind: "bootstrap" | "relay";
  /** Multiaddrs. */
  readonly listen: readonly string[];
  /** Multiaddrs of other nodes, to be one DHT with. */
  readonly bootstrap: readonly string[];
  /** Where its identity is kept. */
  readonly folder: string;
  readonly networkKey: Uint8Array | undefined;
}

export interface Served {
  /** Multiaddrs, with its peer id. */
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}

const mostConnections = 4_096;
/** Milliseconds. */
const pause = 10_000;

export async function serve(o: ServeOptions): Promise<Served> {
  const node = await createNode({
    privateKey: await loadIdentity(join(o.folder, "identity.key")),
    listen: o.listen,
    relay: [],
    gater: {},
    isPublished: true,
    dht: "own",
    ...(o.kind === "relay" ? { relays: true } : {}),
    networkKey: o.networkKey,
    mostConnections,
  });
  const addresses = node.getMultiaddrs().map((address) => address.toString());
  if (addresses.length === 0) {
    await node.stop();
    throw new PersistError(
      "UNAVAILABLE",
      `Could not listen on ${o.listen.join(", ")}: the port is taken, or the address is not this machine's.`,
      {
        adapter: "p2p",
      },
    );
  }
  // What is connected already costs nothing.
  const meetOthers = (): void => {
    for (const address of o.bootstrap) node.dial(multiaddr(address)).catch(() => undefined);
  };
  meetOthers();
  const timer = setInterval(meetOthers, pause);
  return {
    addresses,
    async stop() {
      clearInterval(timer);
      await node.stop();
    },
  };
}
