/**
 * The gate that keeps indexes: whatever writes a record, through whichever facade, gets its index entries here, and is checked to go by the present catalog. Where the
 * catalog has changed meanwhile the commit is made anew; whoever waits for it never notices.
 */
import { type Call, timedOut } from "../calls.ts";
import { conflict, foundBy } from "../conflicts.ts";
import type { CheckOp, MaybePromise, Op, ScanPage } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Applied, LiveGate } from "../gate.ts";
import { checkCommit } from "../limits.ts";
import { type Catalog, type CatalogCache, catalogKey, collectionOf } from "./catalog.ts";
import { entriesOf } from "./entries.ts";

export function createIndexedGate(live: LiveGate, catalog: CatalogCache): LiveGate {
  const send = (ops: readonly Op[], current: Catalog, call: Call): Promise<Applied> => {
    const { list, origins } = withEntries(ops, current);
    return live.commit(list, call).then(
      (applied) => ({ ...applied, answers: applied.answers.slice(list.length - ops.length) }),
      (error) => {
        const found = foundBy(error);
        if (found === undefined) throw error;
        if (found.op === 0) return sendAnew(ops, call);
        const index = found.index === undefined ? undefined : (current.byId.get(found.index)?.name ?? found.index);
        throw conflict(ops, { op: origins[found.op] as number, index }, call);
      },
    );
  };

  const sendAnew = async (ops: readonly Op[], call: Call): Promise<Applied> => {
    if (performance.now() > call.deadline) throw timedOut(call);
    return send(ops, await catalog.refresh(call), call);
  };

  /** An index that was given up while it was read may have lost entries. One that is still ready has had them all. */
  const verified = (page: ScanPage, index: string, current: Catalog, call: Call): ScanPage => {
    if (current.byId.get(index)?.state === "ready") return page;
    throw new PersistError(
      "CONFLICT",
      `${call.operation}: the index that the query goes by was changed meanwhile. Run the query again.`,
    );
  };

  return {
    ...live,
    commit(ops, call) {
      checkCommit(ops, call);
      if (!ops.some(writesRecord)) return live.commit(ops, call);
      const known = catalog.known(call);
      // As a whole, since closing must not come between two tries.
      return live.track(
        known instanceof Promise ? known.then((current) => send(ops, current, call)) : send(ops, known, call),
      );
    },
    scan(space, range, call): MaybePromise<ScanPage> {
      const page = live.scan(space, range, call);
      if (range.by === "key") return page;
      if (page instanceof Promise)
        return page.then(async (read) => verified(read, range.index, await catalog.refresh(call), call));
      const current = catalog.refresh(call);
      return current instanceof Promise
        ? current.then((fresh) => verified(page, range.index, fresh, call))
        : verified(page, range.index, current, call);
    },
  };
}

function writesRecord(op: Op): boolean {
  return (op.op === "put" || op.op === "delete") && op.space === "records";
}

interface Prepared {
  readonly list: readonly Op[];
  /** Of each operation of the list, the number of the one that it stems from. */
  readonly origins: readonly number[];
}

/**
 * The check of the catalog comes first. Where tuples may collide, all other conditions come next: then a collision is known not to be due to something that is
 * outdated in the same list, and trying again is of no use.
 */
function withEntries(ops: readonly Op[], { version, collections }: Catalog): Prepared {
  const check: CheckOp = { op: "check", space: "system", key: catalogKey, ifVersion: version };
  if (collections.size === 0) return { list: [check, ...ops], origins: [-1, ...ops.keys()] };

  let hasUnique = false;
  const writes = ops.map((op) => {
    if (op.op !== "put" || op.space !== "records") return op;
    const definitions = collections.get(collectionOf(op.key) ?? "");
    if (definitions === undefined) return op;
    hasUnique ||= definitions.some(({ unique }) => unique);
    return { ...op, index: entriesOf(definitions, op.value) };
  });
  const list: Op[] = [check];
  const origins = [-1];
  if (hasUnique && ops.length > 1) {
    for (const [number, op] of ops.entries()) {
      if ((op.op !== "put" && op.op !== "delete") || op.ifVersion === undefined) continue;
      list.push({ op: "check", space: op.space, key: op.key, ifVersion: op.ifVersion });
      origins.push(number);
    }
  }
  return { list: [...list, ...writes], origins: [...origins, ...ops.keys()] };
}
