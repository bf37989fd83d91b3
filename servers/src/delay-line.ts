/** Does what it is given in the order in which it was given it, each thing not before `latency()` milliseconds have gone. */
export function createDelayLine(latency: () => number): (act: () => void) => void {
  const waiting: { readonly due: number; readonly act: () => void }[] = [];

  const work = () => {
    while (waiting[0] !== undefined && waiting[0].due <= performance.now()) waiting.shift()?.act();
    if (waiting[0] !== undefined) setTimeout(work, Math.ceil(waiting[0].due - performance.now()));
  };
  return (act) => {
    const ms = latency();
    if (ms <= 0 && waiting.length === 0) return act();
    waiting.push({ due: performance.now() + ms, act });
    if (waiting.length === 1) work();
  };
}
