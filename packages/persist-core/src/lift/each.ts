/** How many calls of the adapter are under way at once: enough to hide a round trip, few enough for any server. */
const width = 16;

/** Does the work for each item, several at a time. Rejects with the first failure, when all that was begun has settled. */
export async function each<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const all = [...items];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    while (next < all.length && failure === undefined) {
      try {
        await work(all[next++] as T);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, worker));
  if (failure !== undefined) throw failure.error;
}
