import type { ByteString } from "./byte-string.ts";

/** Values by key, in the order of the keys' bytes. */
export interface KeyTable<T> {
  get(key: ByteString): T | undefined;
  set(key: ByteString, value: T): void;
  delete(key: ByteString): void;
  readonly size: number;
  /** The values from the first key on that is not before `key`. The table must not be changed meanwhile. */
  from(key: ByteString): Iterable<T>;
}

export function createKeyTable<T>(): KeyTable<T> {
  const values = new Map<ByteString, T>();
  const order: ByteString[] = [];

  return {
    get: (key) => values.get(key),
    set(key, value) {
      if (!values.has(key)) order.splice(firstNotBefore(order, key), 0, key);
      values.set(key, value);
    },
    delete(key) {
      if (values.delete(key)) order.splice(firstNotBefore(order, key), 1);
    },
    get size() {
      return values.size;
    },
    *from(key) {
      for (let index = firstNotBefore(order, key); index < order.length; index += 1) {
        yield values.get(order[index] as ByteString) as T;
      }
    },
  };
}

function firstNotBefore(order: readonly ByteString[], key: ByteString): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] as ByteString) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
