/**
 * Up to which place of each peer its rows were read that are in our commits up to each place of ours. Whoever has read that peer as far lacks none of them, and need not be offered any.
 * It is known for what was read by this process.
 */

export interface Origins {
  /** What was read of the peer, up to this place of its, is in commits up to `head`. */
  note(peer: string, place: number, head: number): void;
  /** A place of the peer's at which it had all that our commits up to `place` have of it. */
  bound(peer: string, place: number): number | undefined;
}

interface Note {
  readonly head: number;
  readonly place: number;
}

/** Per peer. What is older is told less exactly, or not any more. */
const maxNotes = 512;
const maxPeers = 256;

/** `start`: the place of the last commit when the process began. */
export function createOrigins(start: number): Origins {
  const notes = new Map<string, Note[]>();

  return {
    note(peer, place, head) {
      const of = notes.get(peer) ?? [];
      notes.delete(peer);
      notes.set(peer, of);
      if (notes.size > maxPeers) notes.delete(notes.keys().next().value as string);
      const before = of.at(-1);
      if (before !== undefined && before.head >= head) of.pop();
      of.push({ head, place: Math.max(place, before?.place ?? 0) });
      // Every other one: a later place of the peer's is a bound too, only a wider one.
      if (of.length > maxNotes)
        notes.set(
          peer,
          of.filter((_, i) => i % 2 === 1 || i === of.length - 1),
        );
    },
    bound: (peer, place) => (place <= start ? undefined : notes.get(peer)?.find(({ head }) => head >= place)?.place),
  };
}
