/**
 * A scope that is open. The lock, the places and what is pending are kept in the process, so that all engines on the same data have to share them: they are found
 * by the adapter object.
 */
import type { EngineOptions, PersistAdapter, Scope } from "../contract.ts";
import { type Backend, createBackend } from "./backend.ts";
import { type Journal, openJournal } from "./journal.ts";
import { createLayout, type Layout } from "./layout.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { createLock, type Lock } from "./lock.ts";
import { waitFor } from "./patience.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createRecentChanges, type RecentChanges } from "./recent-changes.ts";
import { createStaleRows, type StaleRows } from "./stale-rows.ts";
import { openUnnamedBytes, type UnnamedBytes } from "./unnamed-bytes.ts";
import { createView, type View } from "./view.ts";

export interface OpenScope {
  readonly backend: Backend;
  readonly layout: Layout;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly unnamed: UnnamedBytes;
  /** Extensions of the same bytes, one after the other. */
  readonly extensions: Queues;
  readonly recent: RecentChanges;
  readonly stale: StaleRows;
  readonly lock: Lock;
  readonly listeners: Set<() => void>;
  /** What one call sees. */
  view(o: EngineOptions): View;
}

/** How long the last user's leaving may take, in milliseconds. */
const longestEnd = 5000;

interface Shared {
  readonly opening: Promise<OpenScope>;
  users: number;
  /** Settles when the last user has left. */
  ended: Promise<void>;
}

const scopesByAdapter = new WeakMap<PersistAdapter, Map<string, Shared>>();

/** The scope, and what gives it back. */
export async function openScope(
  adapter: PersistAdapter,
  scope: Scope,
): Promise<[OpenScope, release: () => Promise<void>]> {
  const scopes = scopesByAdapter.get(adapter) ?? new Map<string, Shared>();
  scopesByAdapter.set(adapter, scopes);
  const id = `${scope.name}/${scope.namespace}`;
  const shared = inUse(scopes.get(id)) ?? begin(adapter, scope, scopes.get(id)?.ended);
  scopes.set(id, shared);
  shared.users++;
  const leave = async () => {
    shared.users--;
    if (shared.users === 0) shared.ended = shared.opening.then(end).catch(() => undefined);
    await shared.ended;
    if (scopes.get(id) === shared && shared.users === 0) scopes.delete(id);
  };
  try {
    return [await shared.opening, leave];
  } catch (error) {
    await leave();
    throw error;
  }
}

function inUse(shared: Shared | undefined): Shared | undefined {
  return shared === undefined || shared.users === 0 ? undefined : shared;
}

function begin(adapter: PersistAdapter, scope: Scope, before: Promise<void> = Promise.resolve()): Shared {
  return { opening: before.then(() => open(adapter, scope)), users: 0, ended: before };
}

/** Leaves nothing half done. What cannot be finished in time, whoever opens the scope again finishes. */
async function end({ lock, journal }: OpenScope): Promise<void> {
  const patience = { deadline: performance.now() + longestEnd };
  if (journal.isUnsettled) await waitFor(lock.exclusive(journal.settle, patience), patience);
}

async function open(adapter: PersistAdapter, { name, namespace }: Scope): Promise<OpenScope> {
  const backend = createBackend(adapter);
  const layout = createLayout({ name, namespace });
  const ledger = await openLedger(backend, layout, { name, namespace });
  const journal = await openJournal(backend, layout, ledger);
  const unnamed = await openUnnamedBytes(backend, layout);
  return {
    backend,
    layout,
    ledger,
    journal,
    unnamed,
    extensions: createQueues(),
    recent: createRecentChanges(layout, ledger.latest),
    stale: createStaleRows(backend, layout),
    lock: createLock(),
    listeners: new Set(),
    view: (o) => createView(backend, journal.pending === undefined ? [] : [journal.pending], o),
  };
}
