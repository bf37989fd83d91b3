/** The few smallest of many items, however they come, in the space of twice as few. */
export interface Smallest<T> {
  /** Whether an item of this order would be kept. */
  accepts(order: string): boolean;
  add(order: string, item: T): void;
  /** The order of the last of them, once there are as many as wanted. */
  last(): string | undefined;
  /** Ascending. */
  items(): T[];
}

/** Orders are compared as strings. With `reverse`, the greatest, descending. */
export function createSmallest<T>(count: number, reverse: boolean): Smallest<T> {
  let kept: { readonly order: string; readonly item: T }[] = [];
  let last: string | undefined;
  const isBefore = (a: string, b: string) => (reverse ? a > b : a < b);

  const trim = () => {
    kept.sort((a, b) => (a.order === b.order ? 0 : isBefore(a.order, b.order) ? -1 : 1));
    kept = kept.slice(0, count);
    last = kept[count - 1]?.order;
  };

  return {
    accepts: (order) => last === undefined || isBefore(order, last),
    add(order, item) {
      kept.push({ order, item });
      if (kept.length === count || kept.length >= 2 * count) trim();
    },
    last: () => last,
    items() {
      trim();
      return kept.map(({ item }) => item);
    },
  };
}
