/** Who wants to be told of what. A listener that throws is not our failure: it is reported as Node.js reports any. */

export interface Listeners<E extends string> {
  on(event: E, listener: (detail: unknown) => void): () => void;
  tell(event: E, detail: unknown): void;
}

export function createListeners<E extends string>(): Listeners<E> {
  const all = new Map<E, Set<(detail: unknown) => void>>();
  return {
    on(event, listener) {
      const own = (detail: unknown) => listener(detail); // so that one function may listen twice
      const set = all.get(event) ?? new Set();
      all.set(event, set.add(own));
      return () => void set.delete(own);
    },
    tell(event, detail) {
      for (const listener of all.get(event) ?? []) queueMicrotask(() => listener(detail));
    },
  };
}
