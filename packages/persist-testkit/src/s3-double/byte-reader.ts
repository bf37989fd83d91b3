/** Takes lines and runs of bytes from pieces that were cut anywhere, without copying the runs. */
export interface ByteReader {
  /** Without its line break. `undefined` where the bytes end before it, or it is too long. */
  line(): Promise<string | undefined>;
  /** Exactly as many bytes, in pieces; fewer only where they end. */
  bytes(count: number): AsyncIterable<Buffer>;
  /** Whether nothing more comes. */
  isAtEnd(): Promise<boolean>;
}

const longestLine = 16_384;

export function createByteReader(pieces: AsyncIterable<Buffer>): ByteReader {
  const iterator = pieces[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** Whether there is at least one byte. */
  const fill = async () => {
    while (rest.length === 0) {
      const next = await iterator.next();
      if (next.done) return false;
      rest = next.value;
    }
    return true;
  };
  const take = (count: number) => {
    const taken = rest.subarray(0, count);
    rest = rest.subarray(count);
    return taken;
  };

  return {
    async line() {
      let text = "";
      while (await fill()) {
        const end = rest.indexOf(0x0a);
        text += take(end < 0 ? rest.length : end + 1).toString("latin1");
        if (text.length > longestLine) return undefined;
        if (end >= 0) return text.endsWith("\r\n") ? text.slice(0, -2) : undefined;
      }
      return undefined;
    },
    async *bytes(count) {
      for (let left = count; left > 0 && (await fill()); ) {
        const piece = take(left);
        left -= piece.length;
        yield piece;
      }
    },
    isAtEnd: async () => !(await fill()),
  };
}
