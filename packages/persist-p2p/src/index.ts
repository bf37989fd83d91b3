/**
 * The peer-to-peer adapter of Persist. Importing it makes the adapter known by its name, and loads neither driver nor network before a store is opened.
 */
import { registerAdapter } from "@cuitty/persist-core";
import type { P2pOptions } from "./options.ts";

export type { P2pOptions } from "./options.ts";
export { type P2p, type Peer, p2p } from "./p2p.ts";

declare module "@cuitty/persist-core" {
  interface AdapterRegistry {
    p2p: P2pOptions;
  }
}

registerAdapter({
  name: "p2p",
  package: "@cuitty/persist-p2p",
  contract: 1,
  load: async () => (await import("./adapter.ts")).p2p,
});
