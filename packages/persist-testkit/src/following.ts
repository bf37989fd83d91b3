/** Reading a watcher in the background, and waiting for what it hands out. */
import type { Change, Watcher } from "@cuitty/persist-core";

export interface Following<T> {
  /** What was handed out, in order. */
  readonly seen: readonly T[];
  /** Resolves once it holds of what was seen, or the watcher has ended. */
  until(holds: (seen: readonly T[]) => boolean): Promise<readonly T[]>;
  /** Resolves when the watcher has ended: with what it threw, or `undefined`. */
  readonly ended: Promise<unknown>;
}

/** Resolves when it is settled where the watcher begins. */
export async function follow<T>(watcher: Watcher<T>): Promise<Following<T>> {
  const seen: T[] = [];
  let isOver = false;
  let onNews: (() => void) | undefined;
  const read = async () => {
    try {
      for await (const item of watcher) {
        seen.push(item);
        onNews?.();
      }
      return undefined;
    } catch (error) {
      return error;
    } finally {
      isOver = true;
      onNews?.();
    }
  };
  const ended = read();
  await watcher.ready;
  return {
    seen,
    ended,
    async until(holds) {
      while (!isOver && !holds(seen)) {
        await new Promise<void>((resolve) => {
          onNews = resolve;
        });
      }
      return seen;
    },
  };
}

/** The first so many things that it hands out; then it is ended. */
export async function take<T>(watcher: Watcher<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of watcher) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

/** What a reader of the feed holds for the present state, by facade and key: versions, and of streams the last version. */
export function fold(changes: readonly Change[]): Map<string, unknown> {
  const state = new Map<string, unknown>();
  for (const change of changes) {
    if (change.type === "put") state.set(`${change.facade}/${change.key}`, change.version);
    else if (change.type === "delete") state.delete(`${change.facade}/${change.key}`);
    else state.set(`events/${change.stream}`, change.version);
  }
  return new Map([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
}
