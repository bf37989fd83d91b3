/**
 * Whether a history is linearizable: whether each call can be given one moment between its beginning and its end, so that calls one after the other, in the order of
 * these moments, would have had the same answers. The search of Wing and Gong, as Lowe has it: depth first, never twice from the same place. Keys are searched one
 * by one, because a history is linearizable exactly when that of each key is.
 */
import { show } from "../show.ts";
import type { Action, Call } from "./call.ts";

export type Verdict =
  | { readonly linearizable: true; readonly calls: number }
  | {
      readonly linearizable: false;
      readonly calls: number;
      readonly key: string;
      /** Which of the calls of this key could not be given a moment, where the search came furthest, and what was stored then. */
      readonly reason: string;
    };

export function checkLinearizable(history: readonly Call[]): Verdict {
  for (const [key, calls] of Map.groupBy(history, (call) => call.key)) {
    const reason = search(calls);
    if (reason !== undefined) return { linearizable: false, calls: history.length, key, reason };
  }
  return { linearizable: true, calls: history.length };
}

/** What is stored under the key. A version that nobody was told is `undefined` until somebody reads it. */
type State = { readonly value: unknown; readonly version: string | undefined } | undefined;

/** A point of the search: these calls have had their moment. */
interface Point {
  readonly state: State;
  /** Of the answered calls: all before this one, */
  readonly next: number;
  /** and these, in ascending order. */
  readonly ahead: readonly number[];
  /** Of the calls of unknown outcome, in ascending order. */
  readonly happened: readonly number[];
}

/** `undefined` where all fits together, else what does not. */
function search(calls: readonly Call[]): string | undefined {
  const byBeginning = [...calls].sort((a, b) => a.called - b.called);
  const answered = byBeginning.filter(isAnswered);
  // What was only read changes nothing, so it does not matter whether it happened.
  const doubtful = byBeginning.filter((call) => !isAnswered(call) && call.action.do !== "get");

  const seen = new Set<string>();
  let furthest: Point = { state: undefined, next: 0, ahead: [], happened: [] };
  const open: Point[] = [furthest];
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    if (point.next === answered.length) return undefined;
    const name = nameOf(point);
    if (seen.has(name)) continue;
    seen.add(name);
    if (point.next + point.ahead.length > furthest.next + furthest.ahead.length) furthest = point;
    // The last one pushed is tried first: calls of unknown outcome only where the others do not do.
    open.push(...doubtfulSteps(point, answered, doubtful), ...answeredSteps(point, answered));
  }
  return explain(furthest, answered);
}

type Answered = Call & { readonly answered: number };

function isAnswered(call: Call): call is Answered {
  return call.answered !== undefined;
}

/** Those that may be next: none of the others was answered before they were made. */
function candidates({ next, ahead }: Point, answered: readonly Answered[]): { numbers: number[]; end: number } {
  const numbers: number[] = [];
  let end = Number.POSITIVE_INFINITY;
  for (let i = next; i < answered.length; i++) {
    const call = answered[i] as Answered;
    if (call.called > end) break;
    if (ahead.includes(i)) continue;
    numbers.push(i);
    end = Math.min(end, call.answered);
  }
  return { numbers: numbers.filter((i) => (answered[i] as Answered).called <= end), end };
}

function answeredSteps(point: Point, answered: readonly Answered[]): Point[] {
  const steps: Point[] = [];
  for (const number of candidates(point, answered).numbers.reverse()) {
    const outcome = apply(point.state, (answered[number] as Answered).action);
    if (outcome === undefined) continue;
    const ahead = [...point.ahead, number].sort((a, b) => a - b);
    let { next } = point;
    while (ahead[0] === next) {
      ahead.shift();
      next++;
    }
    steps.push({ ...point, state: outcome.state, next, ahead });
  }
  return steps;
}

function doubtfulSteps(point: Point, answered: readonly Answered[], doubtful: readonly Call[]): Point[] {
  const steps: Point[] = [];
  const { end } = candidates(point, answered);
  const present = momentOf(point, answered, doubtful);
  for (const [number, { called, settled, action }] of doubtful.entries()) {
    if (called > end) break;
    if (point.happened.includes(number) || (settled !== undefined && settled < present)) continue;
    const outcome = apply(point.state, action);
    // What would have changed nothing need not have happened.
    if (outcome === undefined || outcome.state === point.state) continue;
    steps.push({ ...point, state: outcome.state, happened: [...point.happened, number].sort((a, b) => a - b) });
  }
  return steps;
}

/** The earliest moment that the last step may have: none of the calls so far had it before it was made. */
function momentOf({ next, ahead, happened }: Point, answered: readonly Answered[], doubtful: readonly Call[]): number {
  const last = answered[ahead.at(-1) ?? next - 1]?.called ?? Number.NEGATIVE_INFINITY;
  return Math.max(last, doubtful[happened.at(-1) ?? -1]?.called ?? last);
}

/** What is stored after the action, or `undefined` where it cannot have had its answer. */
function apply(state: State, action: Action): { readonly state: State } | undefined {
  switch (action.do) {
    case "get": {
      const { found } = action;
      if (found === undefined || state === undefined) return found === state ? { state } : undefined;
      if (!Object.is(found.value, state.value)) return undefined;
      if (found.version === undefined) return { state };
      return isVersion(state, found.version) ? { state: { ...state, version: found.version } } : undefined;
    }
    case "set":
      return { state: { value: action.value, version: action.version } };
    case "delete":
      return action.existed === undefined || action.existed === (state !== undefined)
        ? { state: undefined }
        : undefined;
    case "compareAndSet": {
      const { expected, applied, value, version } = action;
      const holds = expected === null ? state === undefined : state !== undefined && isVersion(state, expected);
      if (applied ?? holds) return holds ? { state: { value, version } } : undefined;
      // One that nobody was told may be any version, also another one.
      const isAnother = !holds || (state !== undefined && state.version === undefined);
      return isAnother ? { state } : undefined;
    }
    case "increment": {
      const before = state === undefined ? 0 : state.value;
      if (typeof before !== "number") return action.sum === undefined ? { state } : undefined;
      const sum = before + action.by;
      return action.sum === undefined || action.sum === sum ? { state: { value: sum, version: undefined } } : undefined;
    }
  }
}

function isVersion(state: NonNullable<State>, version: string): boolean {
  return state.version === undefined || state.version === version;
}

function nameOf({ state, next, ahead, happened }: Point): string {
  const value = state === undefined ? "" : `${typeof state.value} ${String(state.value)} ${state.version ?? ""}`;
  return `${next},${ahead}|${happened}|${value}`;
}

function explain(point: Point, answered: readonly Answered[]): string {
  const left = candidates(point, answered).numbers.map((number) => answered[number] as Answered);
  const done = point.next + point.ahead.length;
  const stuck = left.map(
    ({ client, called, answered: end, action }) => `\n  ${client}, ${called} to ${end}: ${show(action)}`,
  );
  return `after ${done} of ${answered.length} calls ${show(point.state)} was stored, and none of these could be next:${stuck.join("")}`;
}
