/** Gathers the reads of one turn of the event loop, so that a hundred concurrent gets are one round trip for each space. */
import type { Engine, EngineOptions, Row, Space } from "./contract.ts";

interface Waiting {
  readonly keys: readonly string[];
  readonly deadline: number;
  readonly resolve: (rows: readonly (Row | undefined)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** The most keys in one round trip. */
const maxKeys = 1000;

export function createReadBatch(
  engine: Engine,
): (space: Space, keys: readonly string[], o: EngineOptions) => Promise<readonly (Row | undefined)[]> {
  const waiting = new Map<Space, Waiting[]>();

  /** The one key that somebody asks for who is alone: as it is, since that is the way of each call of a serial caller. */
  const readLone = async (space: Space, { keys, deadline, resolve, reject }: Waiting, now: number) => {
    try {
      resolve(await engine.read(space, keys, { now, deadline }));
    } catch (error) {
      reject(error);
    }
  };

  const flush = async (space: Space, batch: readonly Waiting[], now: number) => {
    const keys = [...new Set(batch.flatMap((one) => one.keys))];
    const deadline = Math.max(...batch.map((one) => one.deadline));
    try {
      const rows = new Map<string, Row | undefined>();
      for (let i = 0; i < keys.length; i += maxKeys) {
        const part = keys.slice(i, i + maxKeys);
        const page = await engine.read(space, part, { now, deadline });
        for (const [j, key] of part.entries()) rows.set(key, page[j]);
      }
      for (const one of batch) one.resolve(one.keys.map((key) => rows.get(key)));
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
  };

  return (space, keys, { now, deadline }) =>
    new Promise((resolve, reject) => {
      const batch = waiting.get(space) ?? [];
      batch.push({ keys, deadline, resolve, reject });
      if (batch.length > 1) return;
      waiting.set(space, batch);
      queueMicrotask(() => {
        waiting.delete(space);
        const [first] = batch as [Waiting];
        void (batch.length === 1 && first.keys.length === 1 ? readLone(space, first, now) : flush(space, batch, now));
      });
    });
}
