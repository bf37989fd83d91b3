/**
 * The scope's own record, `meta`, and the places in commit order that are taken from it. A block of places is reserved there before its first is used; what is left
 * of a block when the process ends is never used.
 */
import type { Scope } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { expectObject, isCount } from "./corrupt.ts";
import { format, type Layout } from "./layout.ts";

/** All that writes the record also begins a new block, and so must wait until nothing is pending: see journal.ts. */
export interface Ledger {
  /** The end of the block in use. A redo record counts only under the reservation that it was made in. */
  readonly reserved: number;
  /** The latest place given away; of a scope not written to since it was opened, the greatest that may have been. */
  readonly latest: number;
  /** Deletions up to this place may be forgotten. */
  readonly forgotten: number;
  /** When rows were last swept: milliseconds since the epoch. */
  readonly sweptAt: number;
  /** Makes sure of so many places. */
  reserve(count: number, now: number): Promise<void>;
  /** Begins a new block. */
  renew(): Promise<void>;
  noteForgotten(seq: number): Promise<void>;
  noteSwept(now: number): Promise<void>;
  /** The next place. Reserved before. */
  next(): number;
}

const blockSize = 1000;

interface Meta {
  readonly format: number;
  readonly name: string;
  readonly namespace: string;
  readonly reserved: number;
  readonly forgotten: number;
  readonly swept: number;
}

export async function openLedger(backend: Backend, layout: Layout, { name, namespace }: Scope): Promise<Ledger> {
  const data = await backend.get(layout.meta);
  let meta: Meta = { format, name, namespace, reserved: 0, forgotten: 0, swept: 0 };
  if (data !== undefined) meta = parseMeta(data, layout.meta);
  /** The end of the latest block that may stand in the store. */
  let attempted = meta.reserved;
  let last = meta.reserved;
  /** Nothing of a block is used by two processes, and nothing while it is not certain which block the store has. */
  let left = 0;

  const renew = async (count: number, news: Partial<Meta> = {}) => {
    left = 0;
    const begin = attempted;
    attempted += Math.max(count, blockSize);
    const next = { ...meta, ...news, reserved: attempted };
    await backend.put(layout.meta, next);
    meta = next;
    last = begin;
    left = next.reserved - begin;
  };

  return {
    get reserved() {
      return meta.reserved;
    },
    get latest() {
      return last;
    },
    get forgotten() {
      return meta.forgotten;
    },
    get sweptAt() {
      return meta.swept;
    },
    async reserve(count, now) {
      // In a new scope there is nothing to sweep.
      if (left < count) await renew(count, meta.reserved === 0 ? { swept: now } : {});
    },
    renew: () => renew(0),
    noteForgotten: (seq) => renew(0, { forgotten: Math.max(seq, meta.forgotten) }),
    noteSwept: (now) => renew(0, { swept: now }),
    next() {
      left--;
      return ++last;
    },
  };
}

function parseMeta(data: unknown, physicalKey: string): Meta {
  const meta = expectObject<Meta>(data, physicalKey, ({ reserved, forgotten, swept, ...rest }) => {
    return isCount(rest.format) && isCount(reserved) && isCount(forgotten) && Number.isFinite(swept);
  });
  if (meta.format <= format) return meta;
  throw new PersistError(
    "MIGRATION",
    `The store "${meta.name}" has layout ${meta.format}, and this version of Persist knows ${format}. Upgrade @cuitty/persist-core.`,
  );
}
