/** The memory of this process, told to its parent. Plain JavaScript, as everything here: to run TypeScript takes Node 17 MB. */

/**
 * Does the work of this process, and prints what it took: `Measured` of suites/memory.ts.
 *
 * @template T
 * @param {() => Promise<T>} work
 */
export async function measure(work) {
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  const measured = { before, seconds, peak: process.resourceUsage().maxRSS * 1024 };
  console.log(JSON.stringify(measured));
  return result;
}
