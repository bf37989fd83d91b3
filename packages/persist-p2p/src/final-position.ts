/** Up to where the common order of events is final. */
import { Buffer } from "node:buffer";
import { PersistError } from "@cuitty/persist-core";
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { PeerOfFile } from "./peer.ts";

export function readFinalPosition(peer: PeerOfFile, connection: Connection, namespace: string): number {
  const members = peer.network()?.members();
  if (members === undefined) {
    throw new PersistError(
      "UNSUPPORTED",
      "p2p.finalUpTo needs a closed membership (the option members): otherwise somebody unknown may still come with older events.",
      { adapter: "p2p", operation: "p2p.finalUpTo" },
    );
  }
  const own = peer.network()?.id;
  const heard = peer.heard();
  const silentSince = Math.min(...members.filter((id) => id !== own).map((id) => heard.get(id) ?? 0), Date.now());
  return lastBefore(connection, namespace, silentSince);
}

/** The greatest position such that it and all before it have stamps of this time or earlier. */
function lastBefore(connection: Connection, namespace: string, time: number): number {
  const later = connection
    .statement(
      "select min(position) as position from replica_events where namespace = ? and position is not null and substr(stamp, 1, 6) > ?",
    )
    .get(namespace, timeBytes(time)) as { position: number | null };
  if (later.position !== null) return later.position - 1;
  const last = connection
    .statement("select max(position) as position from replica_events where namespace = ?")
    .get(namespace) as { position: number | null };
  return last.position ?? 0;
}

function timeBytes(time: number): Uint8Array {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(Math.max(0, Math.floor(time)), 0, 6);
  return bytes;
}
