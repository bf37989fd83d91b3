/** The results of the work on all items, in their order, at most so many at once. After one that fails no other is begun. */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const take = async (): Promise<void> => {
    while (next < items.length) {
      const mine = next++;
      try {
        results[mine] = await work(items[mine] as T);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, take));
  return results;
}
