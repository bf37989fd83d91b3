/** Lines of the log, those of rows and those of events, as the commits that they make. */

/** Rows and events in the order of their commits, up to the end of one. `read` answers at most so many of each: these, or more where a commit has more. */
export function wholeCommits<L extends { readonly seq: number }>(
  atOnce: number,
  read: (limit: number) => { readonly rows: readonly L[]; readonly events: readonly L[] },
): { readonly lines: readonly L[]; readonly more: boolean } {
  for (let limit = atOnce; ; limit *= 4) {
    const { rows, events } = read(limit);
    // Both are whole up to the last commit of the one that was cut off, and without that one.
    const ends = [rows, events].filter(({ length }) => length === limit).map((list) => (list.at(-1) as L).seq);
    const end = Math.min(...ends);
    const lines = [...rows, ...events].filter(({ seq }) => seq < end).sort((a, b) => a.seq - b.seq);
    if (lines.length > 0 || ends.length === 0) return { lines, more: ends.length > 0 };
  }
}

/** Lines of one commit. */
type Group<E> = readonly [E, ...E[]];

export function* groupsOf<E extends { readonly seq: number }>(entries: readonly E[]): Iterable<Group<E>> {
  let group: [E, ...E[]] | undefined;
  for (const entry of entries) {
    if (group?.[0].seq === entry.seq) group.push(entry);
    else {
      if (group !== undefined) yield group;
      group = [entry];
    }
  }
  if (group !== undefined) yield group;
}

/** Whether all of the commit was read from the same peer, or written here. */
export const isOfOne = (group: Group<{ readonly via: number | null }>): boolean =>
  group.every(({ via }) => via === group[0].via);
