/** The bytes of an object, as the pieces in which they arrived. Copies and uploads share the pieces; none is ever changed. */
export interface Content {
  readonly size: number;
  /** The bytes from `start` up to, and without, `end`, in pieces. */
  pieces(start: number, end: number): Iterable<Buffer>;
}

export function contentOf(pieces: readonly Buffer[]): Content {
  return joined(
    pieces,
    (piece) => piece.length,
    function* (piece, start, end) {
      yield piece.subarray(start, end);
    },
  );
}

/** One after the other. */
export function joinContents(contents: readonly Content[]): Content {
  return joined(
    contents,
    ({ size }) => size,
    (content, start, end) => content.pieces(start, end),
  );
}

export function sliceOf(content: Content, start: number, end: number): Content {
  return { size: end - start, pieces: (from, to) => content.pieces(start + from, start + to) };
}

function joined<T>(
  members: readonly T[],
  sizeOf: (member: T) => number,
  piecesOf: (member: T, start: number, end: number) => Iterable<Buffer>,
): Content {
  const ends: number[] = [];
  let size = 0;
  for (const member of members) {
    size += sizeOf(member);
    ends.push(size);
  }
  return {
    size,
    *pieces(start, end) {
      for (let index = firstAfter(ends, start); index < members.length; index += 1) {
        const begin = index === 0 ? 0 : (ends[index - 1] as number);
        if (begin >= end) return;
        const last = Math.min(end, ends[index] as number);
        yield* piecesOf(members[index] as T, Math.max(start, begin) - begin, last - begin);
      }
    },
  };
}

/** The index of the first number above `value`, of ascending ones. */
function firstAfter(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
