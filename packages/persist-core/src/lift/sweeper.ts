/**
 * Removes bytes that no row names, once they are due: what was staged and never put, and what was replaced. Works behind the caller's back after calls that come by
 * anyway, so that no timer is needed; what fails is tried again after a later one.
 */
import type { Backend, Writes } from "./backend.ts";
import { parseUnnamed, type Unnamed } from "./contents.ts";
import type { Layout } from "./layout.ts";

export interface Sweeper {
  /** Takes note of the records of unnamed bytes among the writes. */
  notice(writes: Writes): void;
  /** Keeps bytes that are still coming. Returns what ends that. */
  hold(id: string): () => void;
  /** Whether they are being removed, or have been. */
  isSweeping(id: string): boolean;
  /** Begins to remove what is due. */
  sweep(now: number): void;
  /** Removes these bytes, and their record last: it is what they are found by. */
  remove(id: string, chunks: number | undefined): Promise<void>;
  /** Sweeps no more. Resolves when no call is under way. */
  stop(): Promise<void>;
}

export async function openSweeper(backend: Backend, layout: Layout): Promise<Sweeper> {
  const unnamed = new Map<string, Unnamed>();
  const held = new Set<string>();
  const sweeping = new Set<string>();
  let running = Promise.resolve();
  let stopped = false;

  const note = (key: string, value: unknown) => {
    if (!key.startsWith(layout.contents)) return;
    const id = key.slice(layout.contents.length);
    if (value === undefined) unnamed.delete(id);
    else unnamed.set(id, parseUnnamed(value, key));
  };

  const remove = async (id: string, chunks: number | undefined, isGivenUp = () => false) => {
    // Bytes that were still coming are there from the first chunk on, up to where they were cut off.
    for (let n = 0; chunks === undefined ? (await backend.get(layout.chunk(id, n))) !== undefined : n < chunks; n++) {
      if (isGivenUp()) return;
      await backend.delete(layout.chunk(id, n));
    }
    if (isGivenUp()) return;
    await backend.delete(layout.content(id));
    unnamed.delete(id);
  };

  for await (const { key, value } of backend.list(layout.contents, undefined, listPage)) note(key, value);

  return {
    notice(writes) {
      for (const [key, value] of writes) note(key, value);
    },
    hold(id) {
      held.add(id);
      return () => held.delete(id);
    },
    isSweeping: (id) => sweeping.has(id),
    sweep(now) {
      for (const [id, { due, chunks }] of unnamed) {
        if (due > now || held.has(id) || sweeping.has(id)) continue;
        sweeping.add(id);
        const removed = () => remove(id, chunks, () => stopped).catch(() => undefined);
        running = running.then(removed).finally(() => sweeping.delete(id));
      }
    },
    remove,
    stop() {
      stopped = true;
      return running;
    },
  };
}

const listPage = 1000;
