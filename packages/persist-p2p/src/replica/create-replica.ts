/** The port of the sync engine over one file. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { createIndexer, type Indexer, PersistError } from "@cuitty/persist-core";
import type { Connection, Journal } from "@cuitty/persist-sqlite/host";
import type { OpeningNote } from "../opening-note.ts";
import { createClock, stampTime, writerBytes } from "../state/stamp.ts";
import type { Replica } from "../sync/replica.ts";
import { adoptRows } from "./adopting.ts";
import { apply } from "./applying.ts";
import { readAtOnce, writeAheadAtOnce, writeAtOnce } from "./at-once.ts";
import type { Authority } from "./authority.ts";
import { readVector } from "./authors.ts";
import { commitsAfter, itemsOf, lacking, lastPlace } from "./commits.ts";
import { createReceiver, readBytes } from "./contents.ts";
import { eventsAfter } from "./events.ts";
import { createFingerprints } from "./fingerprints.ts";
import { forget, readFloor, unlessRemoved } from "./forgetting.ts";
import { createIdentifier } from "./identifying.ts";
import { type Identity, openIdentity, renewIdentity } from "./identity.ts";
import { createJournal } from "./journal.ts";
import { adoptEvents, signEvents } from "./own-events.ts";
import type { ConflictedRecord, ReplicaParts } from "./parts.ts";
import { keepPeer, readPeer, setConfirmed } from "./peers.ts";
import { makeLines } from "./pending.ts";
import { relayedAfter } from "./relayed.ts";
import { isLogOf } from "./signing.ts";

export interface LocalReplica extends Replica {
  /** What the engines of this file tell of their commits. */
  readonly journal: Journal;
  /** What the row's document, and other records, say of what lost: see `conflicts.ts`. */
  readonly parts: ReplicaParts;
  /**
   * From here on items are signed, and taken only with the signature of a member. Before there is a link: where this file's log is not the member's, it becomes another copy than the one that others know.
   */
  authorize(authority: Authority | undefined): void;
  /** One bounded step of calculating what sets are compared by, and of signing. Returns whether there is more. */
  identify(): boolean;
  /** One bounded step of forgetting what was removed long ago. Returns whether there is more. */
  forget(now: number): boolean;
  onConflict(listener: (record: ConflictedRecord) => void): void;
}

/** In milliseconds: another process keeps the file for less than that nearly always. */
const busyPause = 50;

/** Over a file that has the tables of the replication log. */
export function createReplica(connection: Connection, note: OpeningNote): LocalReplica {
  let identity = openNoted(connection, note);
  const writer = randomBytes(writerBytes);
  const indexers = new Map<string, Indexer>();
  let authority: Authority | undefined;
  let tellConflict: (record: ConflictedRecord) => void = () => undefined;
  const parts: ReplicaParts = {
    connection,
    clock: createClock({ writer }),
    writer,
    get author() {
      return identity.author;
    },
    get authority() {
      return authority;
    },
    indexer(namespace) {
      let indexer = indexers.get(namespace);
      if (indexer === undefined) {
        indexer = createIndexer();
        indexers.set(namespace, indexer);
      }
      return indexer;
    },
    conflicted: (record) => tellConflict(record),
  };
  writeAtOnce(connection, () => adoptRows(parts));

  const identifier = createIdentifier(parts);
  const fingerprints = createFingerprints(connection, identifier);
  const receiver = createReceiver(connection);
  const read = <T>(work: () => T) => readAtOnce(connection, work);
  /** Where the file is busy it is told a little later again that something was written. */
  const readLog = <T>(work: () => T): T => {
    try {
      identifier.lines();
    } catch (error) {
      if (!PersistError.is(error, "UNAVAILABLE")) throw error;
      setTimeout(() => connection.wake.notify(), busyPause).unref();
    }
    return read(work);
  };

  return {
    get id() {
      return identity.replica;
    },
    get author() {
      return Buffer.from(identity.author.name).toString("hex");
    },
    parts,
    journal: createJournal(parts),
    head: () => readLog(() => lastPlace(connection)),
    present: () => presentOf(parts),
    floor: () => read(() => readFloor(connection)),
    vector: () => read(() => readVector(connection)),
    commitsAfter: (place, o) => readLog(() => connection.snapshot(() => commitsAfter(parts, place, o))),
    relayedAfter: (place, o) => read(() => connection.snapshot(() => relayedAfter(connection, place, o))),
    rows(ids, upTo = Number.MAX_SAFE_INTEGER) {
      identifier.all();
      return read(() => connection.snapshot(() => itemsOf(parts, ids, upTo)));
    },
    lacking(offered) {
      identifier.all();
      return read(() => lacking(connection, offered));
    },
    unlessRemoved: (rows, peer, floor) => unlessRemoved(parts, fingerprints, rows, { peer, floor }),
    eventsAfter: (vector, bytes, upTo = Number.MAX_SAFE_INTEGER) =>
      read(() => connection.snapshot(() => eventsAfter(parts, vector, bytes, upTo))),
    fingerprint: (prefix, nibbles) => read(() => fingerprints.fingerprint(prefix, nibbles)),
    fingerprints: (prefix, nibbles) => read(() => fingerprints.parts(prefix, nibbles)),
    marks: (prefix, nibbles, limit) => read(() => fingerprints.marks(prefix, nibbles, limit)),
    readUpTo: (peer) => read(() => readPeer(connection, peer)?.read_up_to ?? undefined),
    confirmed(peer, place) {
      writeAheadAtOnce(connection, () => {
        keepPeer(connection, peer);
        setConfirmed(connection, peer, place);
      });
    },
    apply: (items, from) => apply(parts, items, from),
    chunk: (digest, offset) => read(() => readBytes(connection, digest, offset)),
    received: (digest) => read(() => receiver.received(digest)),
    receive: (wanted, offset, bytes) => receiver.receive(wanted, offset, bytes),
    restored() {
      identity = writeAtOnce(connection, () => renewIdentity(connection, authority?.self));
    },
    onCommit: (listener) => connection.wake.listen(listener),
    onConflict(listener) {
      tellConflict = listener;
    },
    authorize(next) {
      authority = next;
      if (next === undefined || isLogOf(identity.author.name, next.self)) return;
      identity = writeAtOnce(connection, () => {
        makeLines(connection, parts.clock);
        const renewed = renewIdentity(connection, next.self);
        adoptEvents(connection, next, renewed.author);
        return renewed;
      });
    },
    identify() {
      const hasEvents = signEvents(parts);
      return identifier.step() || hasEvents || fingerprints.prepare();
    },
    forget: (now) => forget(connection, fingerprints, now),
  };
}

/** In a write transaction, so that no other process is about to commit what it has stamped before. */
function presentOf({ connection, clock }: ReplicaParts): { place: number; time: number } | undefined {
  try {
    return writeAtOnce(connection, () => {
      makeLines(connection, clock);
      return { place: lastPlace(connection), time: stampTime(clock.tick()) - 1 };
    });
  } catch (error) {
    if (PersistError.is(error, "UNAVAILABLE")) return undefined;
    throw error;
  }
}

/** The note is written first: should the transaction fail then, the file takes a new name at the next opening, which costs a comparison with each peer and nothing else. */
function openNoted(connection: Connection, note: OpeningNote): Identity {
  return writeAtOnce(connection, () => {
    // Read in here: of two processes that open the file at once one comes after the other.
    const { identity, openings } = openIdentity(connection, note.read());
    note.write(openings);
    return identity;
  });
}
