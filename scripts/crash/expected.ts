/** What must be in the store, from what its writers have said. */
import {
  type CounterWrite,
  type EntryWrite,
  effectsOf,
  isEntryWrite,
  laneOf,
  nextOf,
  type Operation,
} from "./operations.ts";
import type { Answer } from "./perform.ts";

export interface ExpectedEntry {
  readonly write: EntryWrite;
  /** Where the store has told it. */
  readonly version: string | undefined;
}

export interface Expected {
  /** What is there, by {@link entryId}. */
  readonly entries: ReadonlyMap<string, ExpectedEntry>;
  readonly counters: ReadonlyMap<string, number>;
  /** Of appends since the last {@link Expected.settle}, by the operation's id. */
  readonly appends: ReadonlyMap<string, Answer>;
  /** Of each lane the operation, if any, that was announced and not acknowledged: it may be in effect, or not. */
  readonly doubtful: readonly Operation[];
  /** The id of the lane's next operation. */
  next(lane: string): string;

  announce(operation: Operation): void;
  /** Answers what the writer has been told that cannot be true. */
  acknowledge(operation: string, answers: readonly Answer[]): readonly string[];
  /** The store has said that it is not in effect. */
  retract(operation: string): void;
  /** Decides a doubt. */
  settle(operation: Operation, inEffect: boolean): void;
  /** Forgets the appends: they have been found. */
  forgetAppends(): void;
}

export function entryId({ facade, key }: Pick<EntryWrite, "facade" | "key">): string {
  return `${facade} ${key}`;
}

export function createExpected(): Expected {
  const entries = new Map<string, ExpectedEntry>();
  const counters = new Map<string, number>();
  const appends = new Map<string, Answer>();
  const last = new Map<string, string>();
  const doubtful = new Map<string, Operation>();

  const writeEntry = (write: EntryWrite, answer: Answer): string | undefined => {
    const id = entryId(write);
    const existed = entries.has(id);
    if (write.value === undefined) entries.delete(id);
    else entries.set(id, { write, version: answer.version as string | undefined });
    if (answer.existed === undefined || answer.existed === existed) return undefined;
    return `${id} was removed, and the store said that it ${existed ? "was not there" : "was there"}`;
  };
  const addToCounter = ({ key, by }: CounterWrite) => counters.set(key, (counters.get(key) ?? 0) + by);

  const take = (operation: Operation, answers: readonly Answer[]): string[] => {
    doubtful.delete(laneOf(operation.id));
    const untrue: string[] = [];
    effectsOf(operation).forEach((write, i) => {
      const answer = answers[i] ?? {};
      if (isEntryWrite(write)) untrue.push(writeEntry(write, answer) ?? "");
      else if (write.facade === "counters") addToCounter(write);
      else appends.set(operation.id, answer);
    });
    return untrue.filter((text) => text !== "");
  };

  return {
    entries,
    counters,
    appends,
    get doubtful() {
      return [...doubtful.values()];
    },
    next(lane) {
      const before = last.get(lane);
      return before === undefined ? `${lane}.0` : nextOf(before);
    },
    announce(operation) {
      last.set(laneOf(operation.id), operation.id);
      doubtful.set(laneOf(operation.id), operation);
    },
    acknowledge(id, answers) {
      const operation = doubtful.get(laneOf(id));
      return operation?.id === id ? take(operation, answers) : [`${id} was acknowledged, and never begun`];
    },
    retract: (id) => void doubtful.delete(laneOf(id)),
    settle(operation, inEffect) {
      if (inEffect) take(operation, []);
      doubtful.delete(laneOf(operation.id));
    },
    forgetAppends: () => appends.clear(),
  };
}
