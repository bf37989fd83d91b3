/** For clauses about consumers. */
import type { ConsumeOptions, Consumer, Store } from "@cuitty/persist-core";

/** A consumer that notes the data of what it handles. */
export function collect(store: Store, o?: ConsumeOptions, name = "c"): Consumer & { readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const consumer = store.events.consume(name, async ({ data }) => void seen.push(data), o);
  return Object.assign(consumer, { seen });
}

export const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** A handler that waits to be let go. */
export function gated(): { readonly begun: Promise<void>; letGo(): void; wait(): Promise<void> } {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const wait = () => {
    begun.resolve();
    return end.promise;
  };
  return { begun: begun.promise, letGo: end.resolve, wait };
}
