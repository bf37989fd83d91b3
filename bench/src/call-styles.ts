/** How many callers there are: one who waits for each answer, or many at once. */

/** Calls in one batch of concurrent ones. */
export const crowd = 500;

/** One call after the other. What answers at once is not awaited. */
export async function inTurn<T, R>(items: readonly T[], call: (item: T) => R | Promise<R>): Promise<R[]> {
  const answers = new Array<R>(items.length);
  for (let i = 0; i < items.length; i++) {
    const answer = call(items[i] as T);
    answers[i] = answer instanceof Promise ? await answer : answer;
  }
  return answers;
}

/** In batches of 500 calls, each as if by a caller of its own: all are made before the first is awaited. */
export async function inCrowds<T, R>(items: readonly T[], call: (item: T) => R | Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < items.length; i += crowd) {
    for (const answer of await Promise.all(items.slice(i, i + crowd).map(call))) answers.push(answer);
  }
  return answers;
}
