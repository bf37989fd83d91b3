/** Operations as `commit_lists` takes them: JSON with short names, as there may be thousands. */
import { type IndexEntry, type NewEventRow, type Op, type Siblings, siblingsOf } from "@cuitty/persist-core";

/** The columns of the type `operation`. What is left out is null there. */
export interface SentOp {
  /** What to do. */
  readonly o: Op["op"];
  /** The space. Of streams only a check has it. */
  readonly s?: string;
  /** The key, or the stream. */
  readonly k?: string;
  readonly v?: string;
  /** The new version. */
  readonly r?: string;
  readonly e?: number | undefined;
  /** The version that the row must have; `""`: it must be absent. */
  readonly c?: string | undefined;
  readonly x?: readonly SentEntry[] | undefined;
  /** The bytes of a blob. */
  readonly b?: number | undefined;
  /** To add. */
  readonly d?: number;
  /** The expiry of a number that is not there yet. */
  readonly i?: number | undefined;
  /** Events. */
  readonly w?: readonly SentEvent[];
  /** The version that the stream must have, or "exists". */
  readonly q?: string | undefined;
  /** Erase the events before this version. */
  readonly f?: number;
  /** It is a conflict, whatever is stored; of an append, unless it has happened before. */
  readonly z?: boolean;
}

interface SentEntry {
  readonly i: string;
  readonly t: string;
  readonly u: boolean;
  readonly z: boolean;
}

interface SentEvent {
  readonly id: string;
  readonly type: string;
  readonly tags: string | null;
  readonly metadata: string | null;
  readonly data: string;
}

/** A list as `commit_lists` takes it. */
export interface SentList {
  readonly l: readonly SentOp[];
  /** One write, and the checks before it: it can be applied as soon as it is judged. */
  readonly a: boolean;
  /** The records that it writes, where they are several. */
  readonly w?: readonly string[] | undefined;
  /** Some of its tuples are unique. */
  readonly u: boolean;
}

export function sentList(ops: readonly Op[]): SentList {
  const siblings = siblingsOf(ops);
  const isLone = ops.every(({ op }, i) => op === "check" || op === "checkRange" || i === ops.length - 1);
  const written = isLone
    ? []
    : ops.flatMap((op) =>
        "space" in op && op.space === "records" && op.op !== "check" && "key" in op ? [op.key] : [],
      );
  return {
    l: ops.map((op) => sentOp(op, siblings)),
    a: isLone,
    w: written.length > 1 ? written : undefined,
    u: ops.some((op) => (op.op === "put" || op.op === "reindex") && op.index?.some(({ unique }) => unique)),
  };
}

/** What JavaScript has to judge (see `aside.ts`) does not come here. */
function sentOp(op: Op, siblings: Siblings): SentOp {
  switch (op.op) {
    case "put":
      return {
        o: "put",
        s: op.space,
        k: op.key,
        v: op.value,
        r: op.version,
        e: op.expiresAt,
        c: op.ifVersion === null ? "" : op.ifVersion,
        x: sentEntries(op.index, siblings),
        b: op.content === undefined ? undefined : Number(op.content),
      };
    case "reindex":
      return { o: "reindex", s: "records", k: op.key, c: op.ifVersion, x: sentEntries(op.index, siblings) ?? [] };
    case "delete":
      return { o: "delete", s: op.space, k: op.key, r: op.version, c: op.ifVersion === null ? "" : op.ifVersion };
    case "add":
      return { o: "add", k: op.key, d: op.by, r: op.version, e: op.expiresAt, i: op.initialExpiresAt };
    case "append": {
      const w = op.events.map(sentEvent);
      return { o: "append", k: op.stream, w, q: op.expected?.toString(), z: siblings.repeatsIds(op.stream) };
    }
    case "erase":
      return { o: "erase", k: op.stream, f: op.before, q: op.expected?.toString() };
    case "check":
      return { o: "check", s: op.space, k: op.key, c: op.ifVersion ?? "" };
    case "checkRange":
      return { o: "check" }; // judged before
  }
}

export function sentEvent({ id, type, tags, metadata, data }: NewEventRow): SentEvent {
  return { id, type, tags: tags.length === 0 ? null : JSON.stringify(tags), metadata: metadata ?? null, data };
}

function sentEntries(entries: readonly IndexEntry[] | undefined, siblings: Siblings): SentEntry[] | undefined {
  if (entries === undefined || entries.length === 0) return undefined;
  return entries.map((entry) => ({
    i: entry.index,
    t: hexOf(entry.tuple),
    u: entry.unique,
    z: entry.unique && siblings.contest(entry),
  }));
}

export function hexOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
