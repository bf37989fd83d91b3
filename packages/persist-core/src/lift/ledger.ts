/**
 * The scope's own record, `meta`, and the places in commit order that are taken from it. A block of places is reserved there before its first is used; what is left
 * of a block when the process ends is never used.
 */
import type { Scope } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { expectObject, isCount } from "./corrupt.ts";
import { format, type Layout } from "./layout.ts";

export interface Ledger {
  /** The end of the block in use. A redo record counts only under the reservation that it was made in. */
  readonly reserved: number;
  /** Makes sure of so many places. */
  reserve(count: number): Promise<void>;
  /** Begins a new block. */
  renew(): Promise<void>;
  /** The next place. Reserved before. */
  next(): number;
  /** The latest place given away; of a scope not written to since it was opened, the greatest that may have been. */
  latest(): number;
}

const blockSize = 1000;

interface Meta {
  readonly format: number;
  readonly name: string;
  readonly namespace: string;
  readonly reserved: number;
}

export async function openLedger(backend: Backend, layout: Layout, scope: Scope): Promise<Ledger> {
  const data = await backend.get(layout.meta);
  const meta = data === undefined ? undefined : parseMeta(data, layout.meta);
  /** The end of the latest block that may stand in the store. */
  let attempted = meta?.reserved ?? 0;
  let reserved = attempted;
  let last = attempted;
  /** Nothing of a block is used by two processes, and nothing while it is not certain which block the store has. */
  let left = 0;

  const renew = async (count = blockSize) => {
    left = 0;
    const begin = attempted;
    attempted += Math.max(count, blockSize);
    const next: Meta = { format, name: scope.name, namespace: scope.namespace, reserved: attempted };
    await backend.put(layout.meta, next);
    last = begin;
    reserved = attempted;
    left = reserved - begin;
  };

  return {
    get reserved() {
      return reserved;
    },
    async reserve(count) {
      if (left < count) await renew(count);
    },
    renew,
    next() {
      left--;
      return ++last;
    },
    latest: () => last,
  };
}

function parseMeta(data: unknown, physicalKey: string): Meta {
  const meta = expectObject<Meta>(data, physicalKey, (it) => isCount(it.format) && isCount(it.reserved));
  if (meta.format > format) {
    throw new PersistError(
      "MIGRATION",
      `The store "${meta.name}" has layout ${meta.format}, and this version of Persist knows ${format}. Upgrade @cuitty/persist-core.`,
    );
  }
  return meta;
}
