/** How far each peer was read, and how far it has confirmed to have read us. */
import type { Connection } from "@cuitty/persist-sqlite/host";

export interface PeerRow {
  readonly id: number;
  /** A place of the peer's; `null`: it is to be compared with as a whole. */
  readonly read_up_to: number | null;
  /** A place of ours. */
  readonly confirmed: number;
}

export function readPeer(connection: Connection, replica: string): PeerRow | undefined {
  return connection.statement("select id, read_up_to, confirmed from replica_peers where replica = ?").get(replica) as
    | PeerRow
    | undefined;
}

/** Its number in the log; that of nobody, where it is unknown. */
export function numberOf(connection: Connection, replica: string): number {
  return readPeer(connection, replica)?.id ?? -1;
}

/** Inside a write transaction. The peer's row, which is made where it is missing. */
export function keepPeer(connection: Connection, replica: string): PeerRow {
  const known = readPeer(connection, replica);
  if (known !== undefined) return known;
  connection
    .statement("insert into replica_peers (replica, confirmed, seen_at) values (?, 0, ?)")
    .run(replica, Date.now());
  return readPeer(connection, replica) as PeerRow;
}

/** Inside a write transaction. Never back. */
export function setReadUpTo(connection: Connection, replica: string, place: number): void {
  connection
    .statement("update replica_peers set read_up_to = max(coalesce(read_up_to, 0), ?), seen_at = ? where replica = ?")
    .run(place, Date.now(), replica);
}

/** Inside a write transaction. Never back. */
export function setConfirmed(connection: Connection, replica: string, place: number): void {
  connection
    .statement("update replica_peers set confirmed = max(confirmed, ?), seen_at = ? where replica = ?")
    .run(place, Date.now(), replica);
}

/** The replica with this number in the log; `undefined` for what was written here. */
export function replicaNames(connection: Connection): (id: number | null) => string | undefined {
  const names = new Map<number, string>();
  return (id) => {
    if (id === null) return undefined;
    let name = names.get(id);
    if (name === undefined) {
      const row = connection.statement("select replica from replica_peers where id = ?").get(id);
      name = (row as { replica: string }).replica;
      names.set(id, name);
    }
    return name;
  };
}
