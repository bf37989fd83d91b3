/** Work about one thing goes one after the other, whatever becomes of what was before. */
export interface Queues {
  run<T>(id: string, work: () => Promise<T>): Promise<T>;
}

export function createQueues(): Queues {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(id, work) {
      const before = last.get(id) ?? Promise.resolve();
      const mine = before.then(work, work);
      last.set(id, mine);
      const leave = () => {
        if (last.get(id) === mine) last.delete(id);
      };
      mine.then(leave, leave);
      return mine;
    },
  };
}
