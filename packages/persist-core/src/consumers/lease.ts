/**
 * A consumer's row in `system`: how far it is, and who may handle events until when. Every write of the row is conditional on the version that was read or written last, so
 * that an owner who has lost it cannot move it. Times are those of the store's clock.
 */
import type { Call } from "../calls.ts";
import type { Op, PutOp, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { readOne } from "../reading.ts";

interface Stored {
  readonly position: number;
  /** Failed attempts at the next event. */
  readonly attempts: number;
  /** `""`: nobody. */
  readonly owner: string;
  readonly until: number;
}

interface Held {
  readonly version: string;
  readonly until: number;
}

export interface Lease {
  /** Handled up to here: stored, or to be stored with the next write. */
  readonly position: number;
  readonly attempts: number;
  readonly isHeld: boolean;
  /** When it is to be renewed. */
  readonly renewal: number;
  /** Changes where the lease is lost, or the position is set by somebody else: what was begun before does not count. */
  readonly generation: number;
  advance(position: number): void;
  noteFailure(attempts: number): void;
  /** Until when somebody else has it; `undefined`: it is ours. */
  take(): Promise<number | undefined>;
  /** Stores position and attempts and renews, in one commit with `ops`. Whether it is still ours, and nobody has set it. */
  save(ops?: readonly Op[]): Promise<boolean>;
  /** {@link save} where it is time. */
  renew(): Promise<void>;
  /** Sets the position, whoever has the lease. */
  reset(position: number, call: Call): Promise<void>;
  /** Lets others have it. */
  release(): Promise<void>;
  /** Nobody else writes the row until the hold is given up. */
  hold(): Promise<Hold>;
}

/** A checkpoint within a transaction. */
export interface Hold {
  /** Writes the position through the transaction's gate. Throws {@link notOurs} where the lease is not ours any more. */
  write(transaction: Gate, position: number): Promise<void>;
  /** The transaction has committed. */
  confirm(): void;
  /** The transaction may have committed: whether it has. Otherwise what stands in the row is taken over. */
  findOut(): Promise<boolean>;
  end(): void;
}

/** Thrown within a transaction whose checkpoint would not be ours to write. */
export const notOurs: Error = new Error("The consumer has lost its lease, or was reset.");

const duration = 30_000;
const none: Stored = { position: 0, attempts: 0, owner: "", until: 0 };

export function createLease(gate: Gate, key: string, begin: () => Call, firstPosition: () => Promise<number>): Lease {
  const owner = gate.version();
  let held: Held | undefined;
  let position = 0;
  let attempts = 0;
  let generation = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One write of the row at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  const read = (call = begin()) => readOne(gate, "system", key, call);

  const putOp = (stored: Stored, ifVersion: string | null): PutOp => {
    return { op: "put", space: "system", key, value: JSON.stringify(stored), version: gate.version(), ifVersion };
  };

  const ownStored = (to = position): Stored => ({
    position: to,
    attempts: to === position ? attempts : 0,
    owner,
    until: gate.now() + duration,
  });

  /** What stands in the row counts from now on. */
  const adopt = (row: Row | undefined) => {
    const stored = parse(row);
    ({ position, attempts } = stored);
    held = row !== undefined && stored.owner === owner ? { version: row.version, until: stored.until } : undefined;
    generation++;
  };

  /** Whether our write is there. */
  const findOut = async (op: PutOp, stored: Stored): Promise<boolean> => {
    const row = await read();
    if (row?.version === op.version) confirm(op, stored);
    else if (row?.version !== held?.version) adopt(row);
    return row?.version === op.version;
  };

  const confirm = ({ version }: PutOp, stored: Stored) => {
    // What was handled while the write was under way stays handled.
    if (stored.position > position) ({ position, attempts } = stored);
    held = { version, until: stored.until };
  };

  const save = async (ops: readonly Op[] = []): Promise<boolean> => {
    if (held === undefined) return false;
    const stored = ownStored();
    const op = putOp(stored, held.version);
    try {
      await gate.commit([...ops, op], begin());
      confirm(op, stored);
      return true;
    } catch (error) {
      if (!mayBeSettled(error)) throw error;
      return findOut(op, stored);
    }
  };

  const take = async (): Promise<number | undefined> => {
    for (;;) {
      const row = await read();
      const before = row === undefined ? { ...none, position: await firstPosition() } : parse(row);
      if (before.owner !== "" && before.owner !== owner && before.until > gate.now()) {
        adopt(row);
        return before.until;
      }
      const stored = { ...before, owner, until: gate.now() + duration };
      const op = putOp(stored, row?.version ?? null);
      try {
        await gate.commit([op], begin());
        adopt({ key, value: op.value, version: op.version });
        return undefined;
      } catch (error) {
        if (!PersistError.is(error, "CONFLICT")) throw error;
      }
    }
  };

  return {
    get position() {
      return position;
    },
    get attempts() {
      return attempts;
    },
    get isHeld() {
      return held !== undefined;
    },
    get renewal() {
      return held === undefined ? gate.now() + duration : held.until - (duration * 2) / 3;
    },
    get generation() {
      return generation;
    },
    advance(to) {
      position = to;
      attempts = 0;
    },
    noteFailure(count) {
      attempts = count;
    },
    take: () => inTurn(take),
    save: (ops) => inTurn(() => save(ops)),
    renew: () =>
      inTurn(async () => {
        if (held !== undefined && gate.now() >= held.until - (duration * 2) / 3) await save();
      }),
    reset: (to, call) =>
      inTurn(async () => {
        for (;;) {
          const row = await read(call);
          const stored = { ...parse(row), position: to, attempts: 0 };
          const op = putOp(stored, row?.version ?? null);
          try {
            await gate.commit([op], call);
            adopt({ key, value: op.value, version: op.version });
            return;
          } catch (error) {
            if (!PersistError.is(error, "CONFLICT") || performance.now() > call.deadline) throw error;
          }
        }
      }),
    release: () =>
      inTurn(async () => {
        if (held === undefined) return;
        const op = putOp({ ...none, position, attempts }, held.version);
        held = undefined;
        await gate.commit([op], begin());
      }),
    async hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      await new Promise<void>((begun) => {
        void inTurn(() => {
          begun();
          return promise;
        });
      });
      let written: [PutOp, Stored] | undefined;
      return {
        async write(transaction, to) {
          const row = await readOne(transaction, "system", key, begin());
          if (held === undefined || row?.version !== held.version) throw notOurs;
          const stored = ownStored(to);
          const op = putOp(stored, held.version);
          written = [op, stored];
          await transaction.commit([op], begin());
        },
        confirm() {
          if (written !== undefined) confirm(...written);
        },
        findOut: async () => {
          if (written !== undefined) return findOut(...written);
          const row = await read();
          if (row?.version !== held?.version) adopt(row);
          return false;
        },
        end: resolve,
      };
    },
  };
}

function parse(row: Row | undefined): Stored {
  return row === undefined ? none : (JSON.parse(row.value) as Stored);
}

/** Whether the row may be another one than before. */
function mayBeSettled(error: unknown): boolean {
  return PersistError.is(error) && (error.code === "CONFLICT" || error.outcome === "unknown");
}
