/** The port `Replica` in memory, small and exact: rows of which the later writer wins, and one log of events for each author. What a file would hold is its state; all else a process forgets. */
import { createHash } from "node:crypto";
import { childOf } from "../../src/sync/ranges.ts";
import {
  type Applied,
  type Commit,
  type Fingerprint,
  type Item,
  type Marked,
  type Replica,
  ReplicaRefusal,
  type WantedBlob,
} from "../../src/sync/replica.ts";

export interface Put {
  readonly key: string;
  readonly value: string;
  readonly blob?: Uint8Array;
}

interface Row extends Item {
  readonly key: string;
  readonly value: string;
  readonly stamp: string;
  readonly blob: WantedBlob | undefined;
  readonly seq: number;
  readonly from: string | undefined;
}

interface LoggedEvent extends Item {
  readonly seq: number;
  readonly from: string | undefined;
}

interface State {
  id: string;
  author: string;
  seq: number;
  clock: number;
  rows: Map<string, Row>;
  events: Map<string, LoggedEvent[]>;
  /** Row ids and events of each commit. */
  commits: Map<number, { rows: Set<string>; events: LoggedEvent[] }>;
  places: Map<string, number>;
  confirmed: Map<string, number>;
  blobs: Map<string, Uint8Array>;
  arriving: Map<string, Uint8Array[]>;
}

export interface ModelReplica extends Replica {
  /** What is put and appended here becomes one commit. Returns its stamp. */
  write(puts: readonly Put[], events?: readonly string[]): string;
  get(key: string): { value: string; stamp: string } | undefined;
  rowCount(): number;
  eventsOf(author: string): readonly string[];
  /** All of it, as text that is equal where the data is. */
  everything(): string;
  hasBlobs(): boolean;
  saved(): ModelState;
  /** May throw, as a disk does that is full. */
  beforeApply: (() => void) | undefined;
  /** Calls of {@link Replica.apply}, for what is to be watched. */
  onApply: ((items: readonly Item[], place: number | undefined, peer: string) => void) | undefined;
}

export type ModelState = { readonly opaque: State };

const driftLimit = 5 * 60_000;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const sha = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const copyOf = (state: State): State => ({
  ...state,
  rows: new Map(state.rows),
  events: new Map([...state.events].map(([author, log]) => [author, [...log]])),
  commits: new Map(
    [...state.commits].map(([seq, { rows, events }]) => [seq, { rows: new Set(rows), events: [...events] }]),
  ),
  places: new Map(state.places),
  confirmed: new Map(state.confirmed),
  blobs: new Map(state.blobs),
  arriving: new Map([...state.arriving].map(([digest, chunks]) => [digest, [...chunks]])),
});

const emptyState = (name: () => string): State => ({
  id: name(),
  author: name(),
  seq: 0,
  clock: 0,
  rows: new Map(),
  events: new Map(),
  commits: new Map(),
  places: new Map(),
  confirmed: new Map(),
  blobs: new Map(),
  arriving: new Map(),
});

export interface ModelOptions {
  /** Draws 32 hex digits. */
  readonly name: () => string;
  readonly now: () => number;
  readonly from?: ModelState;
}

export function createModelReplica({ name, now, from }: ModelOptions): ModelReplica {
  const state = from === undefined ? emptyState(name) : copyOf(from.opaque);
  const writer = name().slice(0, 8);
  const listeners = new Set<() => void>();
  const tree = createTree();
  for (const row of state.rows.values()) tree.add(row);

  const commitAt = (seq: number): { rows: Set<string>; events: LoggedEvent[] } => {
    const commit = state.commits.get(seq) ?? { rows: new Set(), events: [] };
    state.commits.set(seq, commit);
    return commit;
  };

  function keep(row: Row): void {
    const key = hex(row.id);
    const before = state.rows.get(key);
    if (before !== undefined) {
      tree.remove(before);
      const old = commitAt(before.seq);
      old.rows.delete(key);
      if (old.rows.size === 0 && old.events.length === 0) state.commits.delete(before.seq);
    }
    state.rows.set(key, row);
    tree.add(row);
    commitAt(row.seq).rows.add(key);
    state.clock = Math.max(state.clock, clockOf(row.stamp));
  }

  function append(event: LoggedEvent, author: string): void {
    const log = state.events.get(author) ?? [];
    log.push(event);
    state.events.set(author, log);
    commitAt(event.seq).events.push(event);
  }

  const notify = (): void => {
    for (const listener of [...listeners]) listener();
  };

  const isThere = ({ digest }: WantedBlob): boolean => state.blobs.has(digest);

  /** What is not ahead of the clock here, and of the rest what there is to tell. */
  function inTime(items: readonly Item[]): { taken: readonly Item[]; ahead: Applied["ahead"] } {
    const aheadBy = (item: Item): number =>
      (item.kind === "row" ? clockOf(readRow(item).stamp) : readEvent(item).clock) - now();
    const early = items.filter((item) => aheadBy(item) > driftLimit);
    if (early.length === 0) return { taken: items, ahead: undefined };
    const authors = early.filter(({ kind }) => kind === "event").map((item) => readEvent(item).author);
    return {
      taken: items.filter((item) => !early.includes(item)),
      ahead: { by: Math.max(...early.map(aheadBy)), authors },
    };
  }

  function judge(items: readonly Item[]): { rows: ReturnType<typeof readRow>[]; outcome: Applied | undefined } {
    const rows = items.filter(({ kind }) => kind === "row").map(readRow);
    const newer = rows.filter(({ id, stamp }) => stamp > (state.rows.get(hex(id))?.stamp ?? ""));
    const counts = new Map([...state.events].map(([author, log]) => [author, log.length]));
    for (const { author, number } of items.filter(({ kind }) => kind === "event").map(readEvent)) {
      const count = counts.get(author) ?? 0;
      if (number > count + 1) return { rows, outcome: { missing: [], changed: 0, gap: true } };
      counts.set(author, Math.max(count, number));
    }
    const missing = newer.flatMap(({ blob }) => (blob !== undefined && !isThere(blob) ? [blob] : []));
    return { rows: newer, outcome: missing.length > 0 ? { missing, changed: 0 } : undefined };
  }

  const replica: ModelReplica = {
    get id() {
      return state.id;
    },
    get author() {
      return state.author;
    },
    beforeApply: undefined,
    onApply: undefined,
    head: () => state.seq,
    present() {
      state.clock = Math.max(state.clock, now());
      return { place: state.seq, time: state.clock };
    },
    floor: () => 0,
    vector: () => new Map([...state.events].map(([author, log]) => [author, log.length])),

    commitsAfter(place, { bytes, without, upTo = state.seq, ownItemsOnly = false }) {
      const commits: Commit[] = [];
      let size = 0;
      let last = place;
      for (let seq = place + 1; seq <= upTo; seq += 1) {
        last = seq;
        const commit = state.commits.get(seq);
        if (commit === undefined) continue;
        const all = [...[...commit.rows].map((key) => state.rows.get(key) as Row), ...commit.events];
        const items = all.filter((item) => item.from !== without);
        if (items.length === 0) continue;
        const sources = new Set(items.map((item) => item.from));
        const from = sources.size === 1 ? items[0]?.from : undefined;
        commits.push({ place: seq, from, items: ownItemsOnly && from !== undefined ? [] : items });
        size += items.reduce((sum, { body }) => sum + body.length, 0);
        if (size >= bytes) break;
      }
      return { commits, place: last, more: last < upTo };
    },

    relayedAfter(place, { without, upTo }) {
      const page = replica.commitsAfter(place, { bytes: 4_096, without, upTo });
      const items = page.commits.filter(({ from }) => from !== undefined).flatMap((commit) => commit.items);
      const events = items.some(({ kind }) => kind === "event");
      return { marks: items.filter(({ kind }) => kind === "row"), events, place: page.place };
    },

    rows: (ids, upTo = state.seq) =>
      ids.flatMap((id) => state.rows.get(hex(id)) ?? []).filter(({ seq }) => seq <= upTo),
    lacking: (offered) =>
      offered.filter(({ id, mark }) => {
        const row = state.rows.get(hex(id));
        return row === undefined || Buffer.compare(row.mark, mark) !== 0;
      }),

    unlessRemoved: (rows) => rows, // nothing is ever removed here

    eventsAfter(vector, bytes, upTo = state.seq) {
      const items: Item[] = [];
      let size = 0;
      for (const [author, log] of state.events) {
        for (const event of log.slice(vector.get(author) ?? 0)) {
          if (event.seq > upTo) break;
          if (size >= bytes) return { items, more: true };
          items.push(event);
          size += event.body.length;
        }
      }
      return { items, more: false };
    },

    fingerprint: tree.fingerprint,
    fingerprints: (prefix, nibbles) =>
      Array.from({ length: 16 }, (_, i) => {
        const child = childOf({ prefix, nibbles }, i);
        return tree.fingerprint(child.prefix, child.nibbles);
      }),
    marks: tree.marks,

    readUpTo: (peer) => state.places.get(peer),
    confirmed: (peer, place) => {
      state.confirmed.set(peer, place);
    },

    apply(items, { peer, place }) {
      if (items.length > 0) replica.beforeApply?.();
      const { taken, ahead } = inTime(items);
      const { rows, outcome } = judge(taken);
      if (outcome !== undefined) return outcome;
      let changed = 0;
      const seq = state.seq + 1;
      for (const row of rows) {
        const key = hex(row.id);
        if (row.stamp <= (state.rows.get(key)?.stamp ?? "")) continue;
        keep({ ...row, seq, from: peer });
        changed += 1;
      }
      for (const item of taken.filter(({ kind }) => kind === "event")) {
        const { author, number } = readEvent(item);
        if (number <= (state.events.get(author)?.length ?? 0)) continue;
        append({ ...item, seq, from: peer }, author);
        changed += 1;
      }
      if (changed > 0) state.seq = seq;
      const reached = ahead === undefined ? place : undefined;
      if (reached !== undefined) state.places.set(peer, Math.max(reached, state.places.get(peer) ?? 0));
      replica.onApply?.(taken, reached, peer);
      if (changed > 0) notify();
      return { missing: [], changed, ahead };
    },

    chunk: (digest, offset) => state.blobs.get(digest)?.subarray(offset, offset + 256 * 1024),
    received: (digest) =>
      state.blobs.get(digest)?.length ?? state.arriving.get(digest)?.reduce((sum, { length }) => sum + length, 0) ?? 0,
    receive({ digest, size }, offset, bytes) {
      if (offset !== replica.received(digest)) throw new Error("a chunk out of order");
      const chunks = [...(state.arriving.get(digest) ?? []), Uint8Array.from(bytes)];
      if (offset + bytes.length < size) {
        state.arriving.set(digest, chunks);
        return "more";
      }
      state.arriving.delete(digest);
      const whole = Buffer.concat(chunks);
      if (hex(sha(whole)) !== digest) return "corrupt";
      state.blobs.set(digest, whole);
      return "complete";
    },

    restored() {
      state.id = name();
      state.author = name();
      state.places.clear();
    },
    onCommit(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },

    write(puts, events = []) {
      state.seq += 1;
      state.clock = Math.max(state.clock + 1, Math.min(now(), state.clock + 2 ** 40));
      const stamp = `${String(state.clock).padStart(16, "0")}-${writer}`;
      for (const { key, value, blob } of puts) {
        const wanted = blob === undefined ? undefined : { digest: hex(sha(blob)), size: blob.length };
        if (blob !== undefined && wanted !== undefined) state.blobs.set(wanted.digest, blob);
        keep({ ...rowItem(key, value, stamp, wanted), seq: state.seq, from: undefined });
      }
      for (const data of events) {
        const number = (state.events.get(state.author)?.length ?? 0) + 1;
        append(
          { ...eventItem(state.author, number, data, state.clock), seq: state.seq, from: undefined },
          state.author,
        );
      }
      notify();
      return stamp;
    },
    get: (key) => state.rows.get(hex(idOf(key))),
    rowCount: () => state.rows.size,
    eventsOf: (author) => (state.events.get(author) ?? []).map((event) => readEvent(event).data),
    everything() {
      const rows = [...state.rows].map(([id, { stamp, mark }]) => `${id} ${stamp} ${hex(mark)}`).sort();
      const events = [...state.events]
        .map(([author, log]) => `${author} ${log.map(({ id }) => hex(id)).join()}`)
        .sort();
      return [...rows, ...events].join("\n");
    },
    hasBlobs: () => [...state.rows.values()].every(({ blob }) => blob === undefined || isThere(blob)),
    saved: () => ({ opaque: copyOf(state) }),
  };
  return replica;
}

const idOf = (key: string): Uint8Array => new Uint8Array(sha("row ", key).subarray(0, 16));
const clockOf = (stamp: string): number => Number(stamp.split("-")[0]);

const markBytes = 8;

function rowItem(key: string, value: string, stamp: string, blob: WantedBlob | undefined) {
  const said = JSON.stringify({ key, value, stamp, blob });
  const id = idOf(key);
  const mark = new Uint8Array(sha(id, said).subarray(0, markBytes));
  return {
    kind: "row" as const,
    id,
    mark,
    body: Buffer.concat([mark, Buffer.from(said)]), // by which is seen what was changed on the way
    key,
    value,
    stamp,
    blob,
  };
}

function readRow(item: Item) {
  try {
    const { key, value, stamp, blob } = JSON.parse(Buffer.from(item.body.subarray(markBytes)).toString()) as Row;
    const row = rowItem(key, value, stamp, blob);
    if (Buffer.compare(row.id, item.id) === 0 && Buffer.compare(row.body, item.body) === 0) return row;
  } catch {}
  throw new ReplicaRefusal("a row that is not one");
}

function eventItem(author: string, number: number, data: string, clock: number): Item {
  const body = Buffer.from(JSON.stringify({ author, number, data, clock }));
  return { kind: "event", id: new Uint8Array(sha(body).subarray(0, 16)), mark: new Uint8Array(0), body };
}

function readEvent(item: Item): { author: string; number: number; data: string; clock: number } {
  try {
    const { author, number, data, clock } = JSON.parse(Buffer.from(item.body).toString());
    if (/^[0-9a-f]{32}$/.test(author) && Number.isSafeInteger(number)) return { author, number, data, clock };
  } catch {}
  throw new ReplicaRefusal("an event that is not one");
}

/** Counts and sums under the first four half bytes, and the rows themselves below. */
function createTree() {
  const sums = new Map<string, { count: number; sum: bigint }>();
  const buckets = new Map<string, Map<string, Marked>>();
  const depth = 4;

  function change({ id, mark }: Marked, by: 1n | -1n): void {
    const digits = hex(id);
    for (let length = 0; length <= depth; length += 1) {
      const one = sums.get(digits.slice(0, length)) ?? { count: 0, sum: 0n };
      one.count += Number(by);
      one.sum = BigInt.asUintN(64, one.sum + by * BigInt(`0x${hex(mark)}`));
      sums.set(digits.slice(0, length), one);
    }
    const bucket = buckets.get(digits.slice(0, depth)) ?? new Map();
    buckets.set(digits.slice(0, depth), bucket);
    if (by === 1n) bucket.set(digits, { id, mark });
    else bucket.delete(digits);
  }

  function under(prefix: Uint8Array, nibbles: number): Marked[] {
    const digits = hex(prefix).slice(0, nibbles);
    const keys =
      nibbles >= depth ? [digits.slice(0, depth)] : [...buckets.keys()].filter((key) => key.startsWith(digits)).sort();
    return keys.flatMap((key) =>
      [...(buckets.get(key) ?? [])]
        .filter(([id]) => id.startsWith(digits))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, one]) => one),
    );
  }

  return {
    add: (one: Marked): void => change(one, 1n),
    remove: (one: Marked): void => change(one, -1n),
    fingerprint(prefix: Uint8Array, nibbles: number): Fingerprint {
      const found =
        nibbles <= depth
          ? (sums.get(hex(prefix).slice(0, nibbles)) ?? { count: 0, sum: 0n })
          : under(prefix, nibbles).reduce(
              ({ count, sum }, { mark }) => ({
                count: count + 1,
                sum: BigInt.asUintN(64, sum + BigInt(`0x${hex(mark)}`)),
              }),
              { count: 0, sum: 0n },
            );
      const sum = new Uint8Array(8);
      new DataView(sum.buffer).setBigUint64(0, found.sum);
      return { count: found.count, sum };
    },
    marks: (prefix: Uint8Array, nibbles: number, limit: number): Marked[] => under(prefix, nibbles).slice(0, limit),
  };
}
