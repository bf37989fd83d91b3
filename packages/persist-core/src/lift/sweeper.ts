/**
 * Takes away what nobody can see any more: bytes that no row names, and, once a day, rows that have expired and traces of deletions older than a week. Works
 * behind the back of whoever writes, so that no timer is needed and an idle store does nothing. What fails is tried again an hour later: nothing depends on it.
 */
import type { DeleteOp, EngineOptions } from "../contract.ts";
import { removeBytes } from "./bytes.ts";
import { commit } from "./commit.ts";
import { parseUnnamed } from "./contents.ts";
import { each } from "./each.ts";
import type { OpenScope } from "./open-scope.ts";
import { waitFor } from "./patience.ts";
import { type Envelope, isTombstone, keyOf, liveEnvelope, nameOf, parseEnvelope } from "./row-envelope.ts";

export interface Sweeper {
  /** Begins to sweep, if it is time and nobody does. */
  nudge(now: number): void;
  /** Sweeps no more. Resolves when no call is under way, or none that ends. */
  stop(): Promise<void>;
}

const hour = 60 * 60 * 1000;
const day = 24 * hour;
/** How long `changes` reports a deletion, in milliseconds. */
const deletionsKeptFor = 7 * day;
/** Rows that one sweep takes away from each space, and rows in one commit, so that nobody waits long. */
const longestSweep = 10_000;
const longestCommit = 200;
const listPage = 1000;
/** How long the end waits for a call that is under way, in milliseconds. */
const longestEnd = 5000;

const spaces: readonly DeleteOp["space"][] = ["records", "kv", "blobs", "system"];

export function createSweeper(scope: OpenScope): Sweeper {
  let sweeping: Promise<void> | undefined;
  let stopped = false;
  /** A sweep that fails is tried again, but not by every commit. */
  let notBefore = Number.NEGATIVE_INFINITY;
  const isStopped = () => stopped;

  const sweep = async (now: number) => {
    for (const id of scope.unnamed.due(now)) await sweepBytes(scope, id, now, isStopped);
    if (scope.ledger.sweptAt + day <= now) await sweepRows(scope, now, isStopped);
  };

  return {
    nudge(now) {
      if (stopped || sweeping !== undefined || now < notBefore) return;
      sweeping = sweep(now)
        .catch(() => {
          notBefore = now + hour;
        })
        .finally(() => {
          sweeping = undefined;
        });
    },
    async stop() {
      stopped = true;
      if (sweeping === undefined) return;
      await waitFor(sweeping, { deadline: performance.now() + longestEnd }).catch(() => undefined);
    },
  };
}

/** A sweep is nobody's call: it waits as long as it takes. */
function unhurried(now: number): EngineOptions {
  return { now, deadline: Number.POSITIVE_INFINITY };
}

async function sweepBytes(scope: OpenScope, id: string, now: number, isStopped: () => boolean): Promise<void> {
  const { backend, journal, layout, lock, unnamed } = scope;
  if (isStopped()) return;
  const record = await lock.exclusive(async () => {
    await journal.settle();
    const place = layout.content(id);
    const data = await backend.get(place);
    // A commit whose outcome was not known may have given them to a row.
    if (data === undefined) unnamed.forget(id);
    const found = data === undefined ? undefined : parseUnnamed(data, place);
    if (found === undefined || found.due > now) return undefined; // extended meanwhile
    unnamed.condemn(id);
    return found;
  }, unhurried(now));
  if (record !== undefined) await removeBytes(scope, id, record.chunks ?? 0, isStopped);
}

async function sweepRows(scope: OpenScope, now: number, isStopped: () => boolean): Promise<void> {
  let isDone = true;
  for (const space of spaces) {
    const stale = await findStale(scope, space, now, isStopped);
    for (let i = 0; i < stale.length && !isStopped(); i += longestCommit) {
      await removeStale(scope, space, stale.slice(i, i + longestCommit), now);
    }
    isDone &&= stale.length < longestSweep && !isStopped();
  }
  if (isDone) await exclusively(scope, now, () => scope.ledger.noteSwept(now));
}

/** Keys of rows that may go. Listed to the end before any is removed: an adapter may be unable to write while it lists. */
async function findStale(
  scope: OpenScope,
  space: DeleteOp["space"],
  now: number,
  isStopped: () => boolean,
): Promise<string[]> {
  const { backend, layout } = scope;
  const area = layout.rows(space);
  const stale: string[] = [];
  for await (const { key, value } of backend.list(area.prefix, undefined, listPage)) {
    if (isStopped() || stale.length === longestSweep) break;
    const envelope = parseEnvelope(value, key);
    if (envelope !== undefined && isStale(envelope, now)) stale.push(keyOf(nameOf(key, area, value), key));
  }
  return stale;
}

/** Removes those of the rows that may still go. An expired row becomes a deletion, which `changes` reports. */
async function removeStale(
  scope: OpenScope,
  space: DeleteOp["space"],
  keys: readonly string[],
  now: number,
): Promise<void> {
  const { backend, layout, ledger } = scope;
  await exclusively(scope, now, async () => {
    const found = await scope.view(unhurried(now)).getAll(keys.map((key) => layout.row(space, key)));
    const expired: DeleteOp[] = [];
    const forgotten: string[] = [];
    let latest = 0;
    for (const [i, key] of keys.entries()) {
      const place = layout.row(space, key);
      const envelope = parseEnvelope(found[i], place);
      if (envelope === undefined || !isStale(envelope, now)) continue;
      if (isTombstone(envelope)) {
        forgotten.push(place);
        latest = Math.max(latest, envelope.seq);
      } else expired.push({ op: "delete", space, key, version: envelope.version });
    }
    if (forgotten.length > 0) await ledger.noteForgotten(latest); // before any is, or a cursor would miss it
    await each(forgotten, backend.delete);
    if (expired.length > 0) await commit(scope, [expired], unhurried(now));
  });
}

async function exclusively(scope: OpenScope, now: number, work: () => Promise<void>): Promise<void> {
  await scope.lock.exclusive(async () => {
    await scope.journal.settle();
    await work();
  }, unhurried(now));
  for (const listener of scope.listeners) listener();
}

function isStale(envelope: Envelope, now: number): boolean {
  return isTombstone(envelope) ? envelope.deleted + deletionsKeptFor <= now : liveEnvelope(envelope, now) === undefined;
}
