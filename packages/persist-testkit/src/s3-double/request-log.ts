import type { Operation } from "./operation.ts";
import type { RequestDescription } from "./request.ts";

export interface RequestLog {
  /** How many requests have come since the start, or since {@link reset}: all, or those for one operation. */
  count(operation?: Operation): number;
  /** The operations that were asked for, and how often. */
  counts(): Partial<Record<Operation, number>>;
  /** Begins to count anew. */
  reset(): void;
  /**
   * Is told of each request before it is done, which waits for it: a place to kill a client, or to hold one back.
   *
   * @param listener - `number` counts from 1, as {@link count} does.
   * @returns Ends that.
   */
  listen(listener: (request: RequestDescription, number: number) => void | Promise<void>): () => void;
}

export function createRequestLog(): RequestLog & { add(request: RequestDescription): Promise<void> } {
  const counts = new Map<Operation, number>();
  const listeners = new Set<Parameters<RequestLog["listen"]>[0]>();
  let total = 0;
  return {
    count: (operation) => (operation === undefined ? total : (counts.get(operation) ?? 0)),
    counts: () => Object.fromEntries(counts),
    reset() {
      counts.clear();
      total = 0;
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async add(request) {
      total += 1;
      counts.set(request.operation, (counts.get(request.operation) ?? 0) + 1);
      const number = total;
      for (const listener of [...listeners]) await listener(request, number);
    },
  };
}
