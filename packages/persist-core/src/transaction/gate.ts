/**
 * The gate into a transaction. Reads go to the engine and are remembered by version, scans by a hash; writes stay here and are seen by later reads. Nothing is held
 * in the backend: at the end everything is one commit, which checks all that was read.
 */
import type { Call } from "../calls.ts";
import { conflict } from "../conflicts.ts";
import type {
  Answer,
  AppendOp,
  CheckRangeOp,
  DeleteOp,
  EventPage,
  EventRange,
  EventRow,
  KeyRange,
  Op,
  PutOp,
  Row,
  ScanPage,
  Space,
  StreamHead,
} from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Applied, Gate } from "../gate.ts";
import { addNumber } from "../numbers.ts";
import { hashRows } from "../row-hash.ts";
import { isExpected } from "../stream-heads.ts";
import { beyond, mergePage } from "./merge.ts";
import { pendingEvents, repeated } from "./pending-events.ts";

export interface TransactionGate extends Gate {
  /** What it wrote and the checks of what it read; empty where a commit would change and prove nothing. */
  ops(): Op[];
  /** It read the same thing twice with different results: it cannot commit any more. */
  isStale(): boolean;
  /** Refuses further use. */
  end(): void;
  /** Gives up the bytes that were staged: all, or those that the commit did not use. */
  discardStaged(which: "all" | "unused"): Promise<void>;
}

/** A write that waits for the commit: the row that it makes, or none. */
interface Pending {
  readonly op: PutOp | DeleteOp;
  readonly row: Row | undefined;
}

/** How the row that was there before the transaction is changed; nothing where it is replaced. What was put here and changed then is a put. */
function changeOf({ update, added }: PutOp, earlier: PutOp | DeleteOp | undefined): Pick<PutOp, "update" | "added"> {
  if (earlier === undefined) return { ...(update && { update }), ...(added !== undefined && { added }) };
  if (earlier.op !== "put") return {};
  if (update && earlier.update) return { update };
  return added !== undefined && earlier.added !== undefined ? { added: earlier.added + added } : {};
}

/** Events in one read where a condition looks through the log. */
const conditionPage = 500;

export function createTransactionGate(live: Gate): TransactionGate {
  const seen = new Map<string, { space: Space; key: string; version: string | null }>();
  const ranges: CheckRangeOp[] = [];
  const writes = new Map<string, Pending>();
  const appends: AppendOp[] = [];
  const streams = new Map<string, EventRow[]>();
  const staged = new Set<string>();
  let stale = false;
  let ended = false;

  /** What is done in a transaction that began before the store was closed may still be done. */
  const admit = (call: Call) => {
    ensureRunning();
    call.admitted = true;
  };

  const ensureRunning = () => {
    if (!ended) return;
    throw new PersistError(
      "INVALID_ARGUMENT",
      "The transaction has ended. Await everything that it does inside of its callback, and use the store itself afterwards.",
    );
  };

  const idOf = (space: Space, key: string) => `${space}/${key}`;
  const isLive = (row: Row | undefined) => row !== undefined && (row.expiresAt == null || row.expiresAt > live.now());

  /** Remembers what the engine said of the key, once and for all. */
  const remember = (space: Space, key: string, row: Row | undefined) => {
    const version = row?.version ?? null;
    const before = seen.get(idOf(space, key));
    if (before === undefined) seen.set(idOf(space, key), { space, key, version });
    else if (before.version !== version) {
      stale = true;
      throw new PersistError("CONFLICT", `"${key}" has changed while the transaction was running.`, { key });
    }
  };

  const read = async (space: Space, keys: readonly string[], call: Call): Promise<(Row | undefined)[]> => {
    admit(call);
    const wanted = keys.filter((key) => !writes.has(idOf(space, key)));
    const rows = wanted.length === 0 ? [] : await live.read(space, wanted, call);
    for (const [i, key] of wanted.entries()) remember(space, key, rows[i]);
    const found = new Map(wanted.map((key, i) => [key, rows[i]]));
    return keys.map((key) => {
      const pending = writes.get(idOf(space, key));
      if (pending === undefined) return found.get(key);
      return isLive(pending.row) ? pending.row : undefined;
    });
  };

  const readOne = async (space: Space, key: string, call: Call) => (await read(space, [key], call))[0];

  const scan = async (space: Space, whole: KeyRange, call: Call): Promise<ScanPage> => {
    admit(call);
    for (let range = whole; ; ) {
      const page = await live.scan(space, range, call);
      ranges.push({ op: "checkRange", space, range, hash: hashRows(page.rows) });
      const pending = [...writes.values()].filter(({ op }) => op.space === space);
      const merged = mergePage(
        page,
        range,
        new Map(pending.map(({ op, row }) => [op.key, isLive(row) ? row : undefined])),
      );
      const last = page.rows.at(-1);
      // Where all of a page is deleted here, there is nothing to tell the caller where to go on.
      if (merged.rows.length > 0 || !page.more || last === undefined) return merged;
      range = beyond(range, last.key);
    }
  };

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Judged and applied here as it will be in the engine. */
  const write = async (op: Op, call: Call): Promise<Answer> => {
    switch (op.op) {
      case "put":
        return put(op, call);
      case "delete": {
        const row = await readOne(op.space, op.key, call);
        ensureMet(op, row, call);
        if (row !== undefined) writes.set(idOf(op.space, op.key), { op, row: undefined });
        return { existed: row !== undefined };
      }
      case "add": {
        const row = await readOne("kv", op.key, call);
        const value = addNumber(row?.value, op.by);
        if (value === undefined) throw conflict([op], { op: 0 }, call);
        const expiresAt = op.expiresAt ?? (row === undefined ? op.initialExpiresAt : (row.expiresAt ?? undefined));
        const { key, version, by: added } = op;
        await put({ op: "put", space: "kv", key, value, version, expiresAt, added }, call);
        return { value, expiresAt };
      }
      case "append":
        return { appended: await append(op, call) };
      case "erase":
      case "check":
      case "checkRange":
      case "reindex":
        throw new PersistError("INTERNAL", `A facade has asked for a ${op.op} inside of a transaction.`);
    }
  };

  const put = async (op: PutOp, call: Call): Promise<Answer> => {
    const { ifVersion, update: _, added: __, ...write } = op;
    if (ifVersion !== undefined) ensureMet(op, await readOne(op.space, op.key, call), call);
    const id = idOf(op.space, op.key);
    // When it was made is told, but nothing depends on it: looking does not count as reading. What is deleted and made anew in one transaction is replaced by its commit, and
    // keeps its time.
    const pending = writes.get(id)?.row;
    const [before] = pending !== undefined ? [pending] : await live.read(op.space, [op.key], call);
    const now = live.now();
    const createdAt = before !== undefined && isLive(before) ? before.createdAt : now;
    const { key, value, version, expiresAt, content } = op;
    const whole: PutOp = { ...write, ...changeOf(op, writes.get(id)?.op) };
    writes.set(id, { op: whole, row: { key, value, version, createdAt, updatedAt: now, expiresAt, content } });
    return { createdAt };
  };

  const ensureMet = (op: PutOp | DeleteOp, row: Row | undefined, call: Call) => {
    if (op.ifVersion === undefined || op.ifVersion === (row?.version ?? null)) return;
    throw conflict([op], { op: 0 }, call);
  };

  const append = async (op: AppendOp, call: Call) => {
    const pending = streams.get(op.stream) ?? [];
    const row = withPending(op.stream, await readOne("streams", op.stream, call));
    const head = row && (JSON.parse(row.value) as StreamHead);
    const ids = op.events.map(({ id }) => id);
    const known = (await live.events({ stream: op.stream, ids, reverse: false, limit: ids.length }, call)).events;
    const earlier = repeated(ids, [...known, ...pending]);
    if (earlier === "partly") throw conflict([op], { op: 0 }, call);
    if (earlier !== undefined) return { version: earlier.version, position: earlier.position, duplicate: true };
    if (!isExpected(op.expected, head) || (await anyMatches(op, call))) throw conflict([op], { op: 0 }, call);
    const version = head?.version ?? 0;
    streams.set(op.stream, [...pending, ...pendingEvents(op, version, live.now())]);
    appends.push({ ...op, expected: undefined }); // what it expects of the stream is checked with what was read of it
    return { version: version + ids.length, position: 0, duplicate: false };
  };

  /** Whether the append would fail now, by what is stored or by what was appended here before. It is judged again with the commit. */
  const anyMatches = async ({ unless }: AppendOp, call: Call): Promise<boolean> => {
    if (unless === undefined) return false;
    if ([...streams.values()].flat().some((event) => unless.matches(event))) return true;
    for (let from = unless.after + 1, more = true; more; ) {
      const page = await live.events({ from, reverse: false, limit: conditionPage }, call);
      if (page.events.some((event) => unless.matches(event))) return true;
      from = (page.events.at(-1)?.position ?? from) + 1;
      more = page.more;
    }
    return false;
  };

  const events = async (range: EventRange, call: Call): Promise<EventPage> => {
    admit(call);
    const stream = range.stream as string;
    await readOne("streams", stream, call);
    const page = await live.events(range, call);
    const own = (streams.get(stream) ?? []).filter(
      ({ version }) => version >= (range.from ?? 1) && version <= (range.to ?? Number.MAX_SAFE_INTEGER),
    );
    if (own.length === 0) return page;
    // Its own events come after all others.
    const all = range.reverse ? [...own.reverse(), ...page.events] : page.more ? page.events : [...page.events, ...own];
    return { events: all.slice(0, range.limit), more: page.more || all.length > range.limit };
  };

  return {
    capabilities: live.capabilities,
    ensureOpen: ensureRunning,
    track: (work) => work, // the transaction as a whole is in flight
    now: live.now,
    version: live.version,
    read(space, keys, call) {
      if (space !== "streams") return read(space, keys, call);
      return read(space, keys, call).then((rows) => rows.map((row, i) => withPending(keys[i] as string, row)));
    },
    value: async (key, call) => (await readOne("kv", key, call))?.value,
    scan: (space, range, call) => scan(space, range as KeyRange, call),
    events,
    async commit(ops, call): Promise<Applied> {
      admit(call);
      const answers: Answer[] = [];
      for (const op of ops) answers.push(await write(op, call));
      return { time: live.now(), answers };
    },
    async stage(body, _, call) {
      admit(call);
      const content = await live.stage(body, undefined, call); // it may be read before the commit
      staged.add(content.token);
      return content;
    },
    open(row, range, call) {
      admit(call);
      return live.open(row, range, call);
    },
    discard(token) {
      staged.delete(token);
      return live.discard(token);
    },
    ops() {
      const isWritten = (space: Space, key: string) => writes.has(idOf(space, key));
      const checks = [...seen.values()]
        .filter(({ space, key }) => !isWritten(space, key))
        .map(({ space, key, version }): Op => ({ op: "check", space, key, ifVersion: version }));
      const changes = [...writes].map(([id, { op }]): Op => ({ ...op, ifVersion: seen.get(id)?.version }));
      const all = [...checks, ...ranges, ...changes, ...appends];
      // One thing read and nothing written holds by itself.
      return changes.length + appends.length === 0 && all.length === 1 ? [] : all;
    },
    isStale: () => stale,
    end() {
      ended = true;
    },
    async discardStaged(which) {
      const used = new Set(which === "all" ? [] : [...writes.values()].map(({ row }) => row?.content));
      for (const token of staged) if (!used.has(token)) await live.discard(token);
    },
  };

  /** The head of a stream or, under the empty key, of the whole log, with the events that wait. */
  function withPending(key: string, row: Row | undefined): Row | undefined {
    const count = key === "" ? [...streams.values()].flat().length : (streams.get(key)?.length ?? 0);
    if (count === 0) return row;
    const head: StreamHead = row === undefined ? { version: 0, position: 0 } : JSON.parse(row.value);
    const now = live.now();
    const value = JSON.stringify({ ...head, version: head.version + count, position: head.position + count });
    return { key, value, version: row?.version ?? "", createdAt: row?.createdAt ?? now, updatedAt: now };
  }
}
