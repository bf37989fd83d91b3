/** Compares what is in a store with what must be there, and settles what was open. */
import { isDeepStrictEqual } from "node:util";
import type { Complaint } from "./complaints.ts";
import type { EventLog } from "./event-log.ts";
import { type Expected, type ExpectedEntry, entryId } from "./expected.ts";
import {
  type CounterWrite,
  type EntryWrite,
  effectsOf,
  isEntryWrite,
  type Operation,
  type Write,
} from "./operations.ts";
import type { Plan } from "./plan.ts";
import type { FoundEntry, Snapshot } from "./snapshot.ts";

export interface Verdict {
  readonly complaints: readonly Complaint[];
  /** Of the operations that were cut off: how many are in effect, and how many are not. */
  readonly inEffect: number;
  readonly withoutEffect: number;
}

export function judge(expected: Expected, found: Snapshot, plan: Plan, log: EventLog): Verdict {
  const complaints = [...found.complaints];
  const tally = { inEffect: 0, withoutEffect: 0 };
  const settle = (operation: Operation, inEffect: boolean) => {
    expected.settle(operation, inEffect);
    tally[inEffect ? "inEffect" : "withoutEffect"]++;
  };

  const open: Operation[] = [];
  for (const operation of expected.doubtful) {
    const traces = effectsOf(operation).map((write) => traceOf(write, operation, expected, found));
    const known = new Set(traces.filter((trace) => trace !== "none"));
    if (known.size === 2) complaints.push({ kind: "half", text: describeHalf(operation, traces) });
    if (known.size > 0 || !isCounting(operation)) settle(operation, known.has("after"));
    else open.push(operation);
  }
  for (const operation of open) settle(operation, countersWith(operation, open, expected, found));

  complaints.push(...judgeCounters(expected, found), ...judgeEntries(expected, found, plan));
  complaints.push(...log.extend(found, expected));
  expected.forgetAppends();
  return { complaints, ...tally };
}

/** What an entry says about a write to it: it is as it was before the write, or as it is after it, or cannot tell. */
type Trace = "before" | "after" | "none";

function traceOf(write: Write, { id }: Operation, expected: Expected, found: Snapshot): Trace {
  if (write.facade === "counters") return "none";
  if (write.facade === "events") return found.eventsByOperation.has(id) ? "after" : "before";
  const before = expected.entries.get(entryId(write));
  const present = found.entries.get(entryId(write));
  const isBefore = isSame(present, before?.write);
  const isAfter = isSame(present, write);
  // Removing what is not there leaves no trace; and what is neither is found out with all other entries.
  return isBefore === isAfter ? "none" : isAfter ? "after" : "before";
}

function isSame(found: FoundEntry | undefined, write: EntryWrite | undefined): boolean {
  return isDeepStrictEqual(found?.value, write?.value);
}

function describeHalf({ id, way, writes }: Operation, traces: readonly Trace[]): string {
  const parts = writes.map((write, i) => `${write.facade} ${"key" in write ? write.key : write.stream}: ${traces[i]}`);
  return `${id} (${way}) is in effect in part: ${parts.join(", ")}`;
}

const isCounting = (operation: Operation) => effectsOf(operation).some(({ facade }) => facade === "counters");

/** Whether the counter is what it is with this addition, and some of the others that are open. */
function countersWith(operation: Operation, open: readonly Operation[], expected: Expected, found: Snapshot): boolean {
  const [{ key, by }] = effectsOf(operation) as [CounterWrite];
  const others = open
    .filter((other) => other !== operation && expected.doubtful.includes(other))
    .flatMap((other) => effectsOf(other) as CounterWrite[])
    .filter((write) => write.key === key);
  const missing = Number(found.counters.get(key) ?? 0) - (expected.counters.get(key) ?? 0) - by;
  return isSumOf(
    missing,
    others.map((other) => other.by),
  );
}

function isSumOf(sum: number, [first, ...rest]: readonly number[]): boolean {
  if (first === undefined) return sum === 0;
  return isSumOf(sum, rest) || isSumOf(sum - first, rest);
}

function judgeCounters(expected: Expected, found: Snapshot): Complaint[] {
  const complaints: Complaint[] = [];
  for (const key of new Set([...expected.counters.keys(), ...found.counters.keys()])) {
    const sum = expected.counters.get(key) ?? 0;
    const present = found.counters.get(key) ?? 0;
    if (present === sum) continue;
    complaints.push({ kind: "lost", text: `the counter ${key} is ${present}; what was added to it makes ${sum}` });
  }
  return complaints;
}

function judgeEntries(expected: Expected, found: Snapshot, plan: Plan): Complaint[] {
  const complaints: Complaint[] = [];
  for (const id of new Set([...expected.entries.keys(), ...found.entries.keys()])) {
    const complaint = judgeEntry(id, expected.entries.get(id), found.entries.get(id), plan);
    if (complaint !== undefined) complaints.push(complaint);
  }
  return complaints;
}

function judgeEntry(
  id: string,
  expected: ExpectedEntry | undefined,
  found: FoundEntry | undefined,
  plan: Plan,
): Complaint | undefined {
  if (isSame(found, expected?.write)) {
    if (expected?.version === undefined || expected.version === found?.version) return undefined;
    return { kind: "lost", text: `${id} has version ${found?.version}; ${expected.version} was acknowledged` };
  }
  const wanted = expected === undefined ? "nothing" : `the value by ${expected.write.value?.by}`;
  if (found === undefined) return { kind: "lost", text: `${id} is not there; ${wanted} should be` };

  const by = (found.value as { by?: unknown } | undefined)?.by;
  const author = typeof by === "string" ? plan.operation(by) : undefined;
  const written = author?.writes.filter(isEntryWrite).find((write) => entryId(write) === id);
  if (author === undefined || !isSame(found, written))
    return { kind: "torn", text: `${id} is what nobody has written` };
  if (effectsOf(author).length === 0) return { kind: "half", text: `${id} is by ${by}, which was ${author.way}` };
  return { kind: "lost", text: `${id} is by ${by}; it should be ${wanted}` };
}
