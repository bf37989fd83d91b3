/** Connections that do not become links: closed in time. */
import type { Connection, Libp2p } from "@libp2p/interface";

/** Milliseconds; where the node serves others as well, by the DHT or over a relay, they may have other business. */
const patience = { alone: 6_000, published: 120_000 };

export function closeStrangers(
  node: Libp2p,
  o: { readonly isPublished: boolean; isLinked(peer: string): boolean },
): void {
  function watch(connection: Connection): void {
    if (connection.direction === "outbound") return;
    const timer = setTimeout(
      () => {
        if (!o.isLinked(connection.remotePeer.toString())) void connection.close().catch(() => undefined);
      },
      o.isPublished ? patience.published : patience.alone,
    );
    timer.unref();
    connection.addEventListener("close", () => clearTimeout(timer));
  }

  node.addEventListener("connection:open", ({ detail }) => watch(detail));
}
