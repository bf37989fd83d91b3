/** What everything that keeps the replication log needs. */
import type { Indexer } from "@cuitty/persist-core";
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { Clock } from "../state/stamp.ts";
import type { Authority } from "./authority.ts";

export interface ReplicaParts {
  readonly connection: Connection;
  readonly clock: Clock;
  /** 16 bytes, of this process. */
  readonly writer: Uint8Array;
  /** Whose log the events belong to that are appended here. */
  readonly author: Author;
  /** `undefined` where items are not signed: outside of closed groups. */
  readonly authority: Authority | undefined;
  /** One for each namespace. */
  indexer(namespace: string): Indexer;
  /** A merge left a loser in a record. */
  conflicted(record: ConflictedRecord): void;
}

/** What makes items of what the file holds. */
export type ItemParts = Pick<ReplicaParts, "connection" | "authority">;

export interface ConflictedRecord {
  readonly namespace: string;
  readonly key: string;
}

export interface Author {
  /** 16 bytes, of this copy of the file. */
  readonly name: Uint8Array;
  /** Its row in replica_authors. */
  readonly id: number;
}
