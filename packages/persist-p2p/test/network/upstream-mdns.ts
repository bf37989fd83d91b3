/** A node with `@libp2p/mdns`, in a process of its own: prints a line for each peer that it finds. */
import { mdns } from "@libp2p/mdns";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";

const node = await createLibp2p({
  addresses: { listen: ["/ip4/0.0.0.0/tcp/0"] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  peerDiscovery: [mdns({ serviceTag: process.argv[2] as string, interval: 1_000 })],
});

node.addEventListener("peer:discovery", ({ detail }) => console.log(detail.id.toString()));
