/**
 * A map in the order of its keys: sorted runs of bounded length, so that finding is a binary search and inserting moves a few hundred items at most.
 */
export interface SortedMap<K, V> {
  readonly size: number;
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  /** Ascending from the least key at or after `from`. Stays right while the map is changed. */
  ascend(from?: K): Iterable<[K, V]>;
  /** Descending from the greatest key at or before `from`. Stays right while the map is changed. */
  descend(from?: K): Iterable<[K, V]>;
}

const maxRun = 512;

export function createSortedMap<K, V>(compare: (a: K, b: K) => number): SortedMap<K, V> {
  /** Never empty, but for the only one. */
  const runs: [K, V][][] = [[]];
  let size = 0;

  /** The first index in `items` for which `isBefore` is false; all before it are true. */
  const partition = <T>(items: readonly T[], isBefore: (item: T) => boolean) => {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(items[middle] as T)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  /** Where the key is or would be. */
  const locate = (key: K) => {
    const after = partition(runs, (run) => run[0] !== undefined && compare(run[0][0], key) <= 0);
    const at = Math.max(0, after - 1);
    const run = runs[at] as [K, V][];
    const index = partition(run, (entry) => compare(entry[0], key) < 0);
    const entry = run[index];
    return { at, run, index, entry: entry !== undefined && compare(entry[0], key) === 0 ? entry : undefined };
  };

  const next = (key: K, inclusive: boolean): [K, V] | undefined => {
    const { at, run, index, entry } = locate(key);
    const i = entry !== undefined && !inclusive ? index + 1 : index;
    return run[i] ?? runs[at + 1]?.[0];
  };

  const previous = (key: K, inclusive: boolean): [K, V] | undefined => {
    const { at, run, index, entry } = locate(key);
    if (entry !== undefined && inclusive) return entry;
    return run[index - 1] ?? runs[at - 1]?.at(-1);
  };

  return {
    get size() {
      return size;
    },
    get(key) {
      return locate(key).entry?.[1];
    },
    set(key, value) {
      const { at, run, index, entry } = locate(key);
      if (entry !== undefined) {
        entry[1] = value;
        return;
      }
      run.splice(index, 0, [key, value]);
      size++;
      if (run.length > maxRun) runs.splice(at + 1, 0, run.splice(run.length >>> 1));
    },
    delete(key) {
      const { at, run, index, entry } = locate(key);
      if (entry === undefined) return;
      run.splice(index, 1);
      size--;
      if (run.length === 0 && runs.length > 1) runs.splice(at, 1);
    },
    *ascend(from) {
      let entry = from === undefined ? runs[0]?.[0] : next(from, true);
      while (entry !== undefined) {
        yield entry;
        entry = next(entry[0], false);
      }
    },
    *descend(from) {
      let entry = from === undefined ? runs.at(-1)?.at(-1) : previous(from, true);
      while (entry !== undefined) {
        yield entry;
        entry = previous(entry[0], false);
      }
    },
  };
}
