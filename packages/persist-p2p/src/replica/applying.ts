/** Storing what a peer has sent, merged with what is here. */
import { Buffer } from "node:buffer";
import { PersistError, type PutOp, type Row } from "@cuitty/persist-core";
import { deleteRow, putRow, readRow } from "@cuitty/persist-sqlite/host";
import { conflictsOf } from "../state/document.ts";
import { rowId } from "../state/row-id.ts";
import { decodeRow } from "../state/row-item.ts";
import { mergeStates, type RowState } from "../state/row-state.ts";
import { maxAhead } from "../state/stamp.ts";
import { type Ahead, type Applied, type Item, ReplicaRefusal, type WantedBlob } from "../sync/replica.ts";
import { writeAtOnce } from "./at-once.ts";
import { bytesOf, findContent, isHere } from "./contents.ts";
import { decodeErasure, type Erasure, isErasure, storeErasure } from "./erasures.ts";
import { decodeEvent, type EventItem } from "./event-item.ts";
import { acceptEvent } from "./event-proofs.ts";
import { storeEvent } from "./events.ts";
import { type Line, type RowName, readLine, stateOf, writeLine } from "./lines.ts";
import type { ReplicaParts } from "./parts.ts";
import { keepPeer, setReadUpTo } from "./peers.ts";
import { makeLines } from "./pending.ts";
import { digestOf, type Proof, proofOf, requireSigned, split } from "./signing.ts";

/** An item that was read and makes sense. */
type Content =
  | { readonly is: "row"; readonly name: RowName; readonly state: RowState }
  | { readonly is: "erasure"; readonly erasure: Erasure }
  | { readonly is: "event"; readonly event: EventItem };

type Sent = Content & { readonly proof: Proof | null };

export interface Source {
  readonly peer: string;
  readonly place?: number | undefined;
}

/** See the port. */
export function apply(parts: ReplicaParts, items: readonly Item[], source: Source): Applied {
  const sent = items.map((item) => read(parts, item));
  const early = sent.filter((one) => aheadOf(parts, one) > maxAhead);
  if (early.length === 0) return storeAll(parts, sent, source);
  const inTime = sent.filter((one) => !early.includes(one));
  const ahead: Ahead = {
    by: Math.max(...early.map((one) => aheadOf(parts, one))),
    authors: early.flatMap((one) => (one.is === "event" ? [Buffer.from(one.event.author).toString("hex")] : [])),
  };
  return { ...storeAll(parts, inTime, { peer: source.peer }), ahead };
}

function storeAll(parts: ReplicaParts, sent: readonly Sent[], source: Source): Applied {
  try {
    return writeAtOnce(parts.connection, () => store(parts, sent, source));
  } catch (error) {
    const cause = PersistError.is(error) ? error.cause : error;
    if (cause instanceof Untaken) return cause.answer;
    throw cause instanceof ReplicaRefusal ? cause : error;
  }
}

/** Undoes the transaction. */
class Untaken extends Error {
  readonly answer: Applied;

  constructor(answer: Omit<Applied, "changed">) {
    super("Not stored.");
    this.answer = { ...answer, changed: 0 };
  }
}

/** @throws {ReplicaRefusal} */
function read({ authority }: ReplicaParts, item: Item): Sent {
  if (authority === undefined) return { ...readBody(item, item.body), proof: null };
  const { seal, body } = split(item.body);
  if (item.kind === "row") {
    const digest = digestOf(body);
    requireSigned(authority, seal, digest);
    return { ...readBody(item, body), proof: proofOf(seal, digest) };
  }
  const event = decodeEvent(body);
  return { is: "event", event, proof: acceptEvent(authority, seal, event) };
}

function readBody({ kind, id }: Item, body: Uint8Array): Content {
  if (kind === "event") return { is: "event", event: decodeEvent(body) };
  if (isErasure(body)) {
    const erasure = decodeErasure(body);
    requireId(id, rowId(erasure.namespace, "streams", erasure.stream));
    return { is: "erasure", erasure };
  }
  const { namespace, space, key, state } = decodeRow(body);
  requireId(id, rowId(namespace, space, key));
  return { is: "row", name: { namespace, space, key }, state };
}

function requireId(id: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(id, expected) !== 0) throw new ReplicaRefusal("A row was sent under the id of another one.");
}

function aheadOf({ clock }: ReplicaParts, sent: Sent): number {
  switch (sent.is) {
    case "row":
      return Math.max(clock.aheadBy(sent.state.stamp), sent.state.expiry ? clock.aheadBy(sent.state.expiry.stamp) : 0);
    case "event":
      return clock.aheadBy(sent.event.stamp);
    case "erasure":
      return 0;
  }
}

/** Inside a write transaction. */
function store(parts: ReplicaParts, sent: readonly Sent[], { peer, place }: Source): Applied {
  const { connection, clock } = parts;
  makeLines(connection, clock);
  const via = keepPeer(connection, peer).id;
  const now = Date.now();
  const missing = sent.flatMap((one) => missingBytes(parts, one));
  if (missing.length > 0) throw new Untaken({ missing });

  let drawn: number | undefined;
  const commit: ApplyingCommit = {
    via,
    now,
    get seq() {
      drawn ??= connection.nextSeq();
      return drawn;
    },
    catalogs: new Map(),
  };
  let changed = 0;
  for (const one of sent) if (storeOne(parts, one, commit)) changed++;
  if (place !== undefined) setReadUpTo(connection, peer, place);
  return { missing: [], changed };
}

interface ApplyingCommit {
  readonly via: number;
  readonly now: number;
  /** One for all that is stored; drawn when there is something. */
  readonly seq: number;
  /** Of indexes, by namespace, as far as they were needed. */
  readonly catalogs: Map<string, Row | undefined>;
}

function storeOne(parts: ReplicaParts, one: Sent, commit: ApplyingCommit): boolean {
  switch (one.is) {
    case "row":
      return storeRow(parts, one, commit);
    case "erasure":
      return storeErasure(parts, one.erasure, commit, one.proof);
    case "event": {
      const outcome = storeEvent(parts, one.event, commit, one.proof);
      if (outcome === "gap") throw new Untaken({ missing: [], gap: true });
      return outcome === "stored";
    }
  }
}

/** Bytes that the row needs, if it is stored. */
function missingBytes({ connection }: ReplicaParts, one: Sent): WantedBlob[] {
  if (one.is !== "row" || one.name.space !== "blobs" || one.state.value === undefined) return [];
  const wanted = bytesOf(one.state.value);
  return isHere(connection, wanted) || !isNews(readLine(connection, one.name), one.state) ? [] : [wanted];
}

/** Of a blob only the base counts. */
function isNews(line: Line | undefined, { stamp }: RowState): boolean {
  return line === undefined || Buffer.compare(stamp, line.stamp) > 0;
}

function storeRow(
  parts: ReplicaParts,
  { name, state: sent, proof }: Sent & { readonly is: "row" },
  commit: ApplyingCommit,
): boolean {
  const { connection, clock } = parts;
  const line = readLine(connection, name);
  const present = line === undefined ? undefined : stateOf(connection, line);
  const merged = present === undefined ? sent : mergeStates(present, sent);
  if (merged === present) return false;
  clock.observe(sent.stamp);
  // What was made of both is no longer what the peer has, nor what it has signed.
  const origin = merged === sent ? { via: commit.via, proof } : { via: null };
  writeLine(connection, name, merged, { seq: commit.seq, ...origin });
  writeRow(parts, name, merged, line === undefined, commit);
  if (merged !== sent && merged.document !== undefined && conflictsOf(merged.document).length > 0)
    parts.conflicted(name);
  return true;
}

/** Makes the row what the state says. */
function writeRow(
  parts: ReplicaParts,
  { namespace, space, key }: RowName,
  state: RowState,
  isNew: boolean,
  commit: ApplyingCommit,
): void {
  const { connection } = parts;
  const { value, version, expiresAt, createdAt, updatedAt } = state;
  if (value === undefined) {
    deleteRow(connection, namespace, space, key, version, commit.now);
    return;
  }
  const put: PutOp = { op: "put", space, key, value, version, expiresAt };
  putRow(connection, namespace, { ...put, ...partsOf(parts, namespace, put, commit) }, updatedAt, { createdAt, isNew });
}

function partsOf(
  { connection, indexer }: ReplicaParts,
  namespace: string,
  { space, key, value }: PutOp,
  { catalogs }: ApplyingCommit,
): Pick<PutOp, "index" | "content"> {
  if (space === "records") {
    const indexes = indexer(namespace);
    if (!catalogs.has(namespace))
      catalogs.set(namespace, readRow(connection, namespace, "system", indexes.catalogKey, 0));
    return { index: indexes.entries(catalogs.get(namespace), key, value) };
  }
  if (space !== "blobs") return {};
  const content = findContent(connection, bytesOf(value));
  if (content === undefined)
    throw new PersistError("INTERNAL", `The bytes of the blob "${key}" were here, and are not.`);
  return { content };
}
