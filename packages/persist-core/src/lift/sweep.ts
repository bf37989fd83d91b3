/** Taking away what nobody can see any more, step by step: bytes that no row names, rows that have expired, and traces of deletions older than a week. */
import type { DeleteOp, EngineOptions } from "../contract.ts";
import { deletionsKeptFor } from "../retention.ts";
import { removeBytes } from "./bytes.ts";
import { commit } from "./commit.ts";
import { parseUnnamed } from "./contents.ts";
import { each } from "./each.ts";
import type { OpenScope } from "./open-scope.ts";
import { isTombstone, keyOf, nameOf, parseEnvelope } from "./row-envelope.ts";
import { dueOf, type StaleRow } from "./stale-rows.ts";

/** Rows in one step, and so in one commit, so that nobody waits long. */
const mostRows = 200;

export interface SweepOptions extends EngineOptions {
  /** Everything may be listed where that is what it takes to know which rows are due. */
  readonly mayList: boolean;
}

/** One step: the bytes of one blob, and a commit's worth of rows. Whether another step would find more. */
export async function sweepStep(scope: OpenScope, o: SweepOptions, isStopped: () => boolean): Promise<boolean> {
  const { unnamed, stale } = scope;
  const [bytes, another] = unnamed.due(o.now);
  if (bytes !== undefined) await sweepBytes(scope, bytes, o, isStopped);
  if (o.mayList && !stale.isKnown(o.now)) {
    await exclusively(scope, o, async () => undefined); // what is committed is in place, and is listed
    await stale.learn(isStopped);
  }
  const rows = stale.due(o.now, mostRows);
  if (rows.length > 0 && !isStopped()) {
    await exclusively(scope, o, () => removeRows(scope, rows, o));
    for (const listener of scope.listeners) listener();
  }
  return another !== undefined || rows.length === mostRows;
}

async function sweepBytes(scope: OpenScope, id: string, o: EngineOptions, isStopped: () => boolean): Promise<void> {
  const { backend, layout, unnamed } = scope;
  if (isStopped()) return;
  const record = await exclusively(scope, o, async () => {
    const place = layout.content(id);
    const data = await backend.get(place);
    // A commit whose outcome was not known may have given them to a row.
    if (data === undefined) unnamed.forget(id);
    const found = data === undefined ? undefined : parseUnnamed(data, place);
    if (found === undefined || found.due > o.now) return undefined; // extended meanwhile
    unnamed.condemn(id);
    return found;
  });
  if (record !== undefined) await removeBytes(scope, id, record.chunks ?? 0, isStopped);
}

/** Removes those of the rows that may still go. An expired row becomes a deletion, which `changes` reports. */
async function removeRows(scope: OpenScope, rows: readonly StaleRow[], o: EngineOptions): Promise<void> {
  const { backend, layout, ledger, stale } = scope;
  const found = await scope.view(o).getAll(rows.map(({ place }) => place));
  const expired: DeleteOp[] = [];
  const gone: StaleRow[] = [];
  const forgotten: StaleRow[] = [];
  let latest = 0;
  for (const [i, row] of rows.entries()) {
    const { space, place } = row;
    const envelope = parseEnvelope(found[i], place);
    const due = dueOf(envelope);
    if (envelope === undefined || due === undefined || due > o.now) {
      stale.correct(row, due);
    } else if (isTombstone(envelope)) {
      forgotten.push(row);
      latest = Math.max(latest, envelope.seq);
    } else {
      const key = keyOf(nameOf(place, layout.rows(space), found[i]), place);
      expired.push({ op: "delete", space, key, version: envelope.version });
      gone.push(row);
    }
  }
  if (forgotten.length > 0) await ledger.noteForgotten(latest); // before any is, or a cursor would miss it
  await each(forgotten, ({ place }) => backend.delete(place));
  for (const row of forgotten) stale.correct(row, undefined);
  if (expired.length === 0) return;
  const [result] = await commit(scope, [expired], o);
  if (result?.outcome === "unknown") throw result.cause;
  for (const row of gone) stale.correct(row, o.now + deletionsKeptFor);
}

async function exclusively<T>(scope: OpenScope, o: EngineOptions, work: () => Promise<T>): Promise<T> {
  return scope.lock.exclusive(async () => {
    await scope.journal.settle();
    return work();
  }, o);
}
