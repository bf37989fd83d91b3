/** What this process knows of the bytes that no row names (see contents.ts): those that it found when it opened the scope, and those that it made since. */
import type { Backend, Writes } from "./backend.ts";
import { parseUnnamed } from "./contents.ts";
import type { Layout } from "./layout.ts";

export interface UnnamedBytes {
  /** Takes note of what a commit makes of them. */
  note(writes: Writes): void;
  /** Keeps bytes that are still coming, or are being given to a row. Returns what ends that. */
  hold(id: string): () => void;
  /** Ids of those that may go, if they are still unnamed. Nobody holds them. */
  due(now: number): string[];
  /** They are going, and may not be given to a row any more. */
  condemn(id: string): void;
  isCondemned(id: string): boolean;
  forget(id: string): void;
}

const listPage = 1000;

export async function openUnnamedBytes(backend: Backend, layout: Layout): Promise<UnnamedBytes> {
  const dueById = new Map<string, number>();
  const holders = new Map<string, number>();
  const condemned = new Set<string>();

  const noteOne = (key: string, value: unknown) => {
    if (!key.startsWith(layout.contents)) return;
    const id = key.slice(layout.contents.length);
    if (value === undefined) dueById.delete(id);
    else dueById.set(id, parseUnnamed(value, key).due);
  };

  for await (const { key, value } of backend.list(layout.contents, undefined, listPage)) noteOne(key, value);

  return {
    note(writes) {
      for (const [key, value] of writes) noteOne(key, value);
    },
    hold(id) {
      holders.set(id, (holders.get(id) ?? 0) + 1);
      return () => {
        const left = (holders.get(id) ?? 1) - 1;
        if (left === 0) holders.delete(id);
        else holders.set(id, left);
      };
    },
    due: (now) => [...dueById].filter(([id, due]) => due <= now && !holders.has(id)).map(([id]) => id),
    condemn: (id) => condemned.add(id),
    isCondemned: (id) => condemned.has(id),
    forget(id) {
      dueById.delete(id);
      condemned.delete(id);
    },
  };
}
