/** Whether what writers and readers of events were told fits together: no event lost, doubled, moved or torn, and no position seen and filled later. */
import { show } from "../show.ts";

export interface AppendCall {
  readonly client: string;
  readonly stream: string;
  /** Different in all appends. */
  readonly ids: readonly string[];
  readonly called: number;
  /** Left out where the outcome is not known. */
  readonly answered?: number;
  /** It has certainly not happened. */
  readonly refused?: true;
  /** Of the last event. Left out where the outcome is not known. */
  readonly version?: number;
  readonly position?: number;
}

/** A read of the whole log, from a position on. */
export interface ReadCall {
  readonly client: string;
  readonly called: number;
  readonly answered: number;
  /** The first position that was asked for. */
  readonly from: number;
  readonly events: readonly SeenEvent[];
}

export interface SeenEvent {
  readonly id: string;
  readonly stream: string;
  readonly version: number;
  readonly position: number;
}

/** What does not fit, in sentences; empty where all does. `log` is all that is stored in the end. */
export function checkEventOrder(
  log: readonly SeenEvent[],
  appends: readonly AppendCall[],
  reads: readonly ReadCall[],
): string[] {
  return [
    ...checkLog(log),
    ...checkAppends(log, appends),
    ...checkTime(log, appends),
    ...checkReads(log, appends, reads),
  ];
}

/** Positions are 1, 2, 3 …, and so are the versions of each stream, and no event is there twice. */
function checkLog(log: readonly SeenEvent[]): string[] {
  const wrong: string[] = [];
  const versions = new Map<string, number>();
  const ids = new Set<string>();
  for (const [i, event] of log.entries()) {
    const version = (versions.get(event.stream) ?? 0) + 1;
    versions.set(event.stream, version);
    if (event.position !== i + 1) wrong.push(`event number ${i + 1} of the log has position ${event.position}`);
    if (event.version !== version)
      wrong.push(`event number ${version} of ${event.stream} has version ${event.version}`);
    if (ids.has(event.id)) wrong.push(`${event.id} is in the log twice`);
    ids.add(event.id);
  }
  return wrong;
}

/** Each append stands in the log in one piece, where its writer was told; one of unknown outcome in one piece or not at all. */
function checkAppends(log: readonly SeenEvent[], appends: readonly AppendCall[]): string[] {
  const places = new Map(log.map((event, i) => [event.id, i]));
  const wrong: string[] = [];
  const known = new Set<string>();
  for (const append of appends) {
    const { stream, ids, answered, version, position } = append;
    for (const id of ids) known.add(id);
    const found = ids.map((id) => places.get(id));
    const first = found[0];
    if (append.refused && found.some((place) => place !== undefined)) {
      wrong.push(`there, although its writer was told that it is not: ${show(append)} stands at ${show(found)}`);
      continue;
    }
    if (found.every((place) => place === undefined)) {
      if (answered !== undefined) wrong.push(`acknowledged and not there: ${show(append)}`);
      continue;
    }
    const isWhole =
      first !== undefined && found.every((place, i) => place === first + i && log[place]?.stream === stream);
    if (!isWhole) wrong.push(`torn apart: ${show(append)} stands at ${show(found)}`);
    const last = log[found.at(-1) ?? -1];
    if (answered !== undefined && (last?.position !== position || last?.version !== version))
      wrong.push(`stands elsewhere than its writer was told: ${show(append)}, at ${show(last)}`);
  }
  for (const { id } of log) if (!known.has(id)) wrong.push(`${id} is in the log, and nobody appended it`);
  return wrong;
}

/** What was acknowledged before another append began stands before it. */
function checkTime(log: readonly SeenEvent[], appends: readonly AppendCall[]): string[] {
  const positions = new Map(log.map(({ id, position }) => [id, position]));
  const endings = appends.filter(isAnswered).sort((a, b) => a.answered - b.answered);
  const beginnings = [...appends].sort((a, b) => a.called - b.called);
  const wrong: string[] = [];
  let greatest = 0;
  let done = 0;
  for (const append of beginnings) {
    for (let end = endings[done]; end !== undefined && end.answered < append.called; end = endings[++done]) {
      greatest = Math.max(greatest, end.position ?? 0);
    }
    const first = positions.get(append.ids[0] ?? "");
    if (first !== undefined && first <= greatest) {
      wrong.push(
        `stands before what was acknowledged before it began: ${show(append)}, at ${first} and not after ${greatest}`,
      );
    }
  }
  return wrong;
}

/** Each read shows a piece of the log without holes, and all that was acknowledged before it began, or seen by anybody. */
function checkReads(log: readonly SeenEvent[], appends: readonly AppendCall[], reads: readonly ReadCall[]): string[] {
  const wrong: string[] = [];
  const told = [
    ...appends.filter(isAnswered).map(({ answered, position }) => ({ answered, position: position ?? 0 })),
    ...reads.map(({ answered, from, events }) => ({ answered, position: from + events.length - 1 })),
  ].sort((a, b) => a.answered - b.answered);
  let greatest = 0;
  let done = 0;
  for (const read of [...reads].sort((a, b) => a.called - b.called)) {
    for (let end = told[done]; end !== undefined && end.answered < read.called; end = told[++done]) {
      greatest = Math.max(greatest, end.position);
    }
    const { client, from, events } = read;
    for (const [i, event] of events.entries()) {
      const stored = log[from - 1 + i];
      if (stored === undefined || stored.id !== event.id || stored.position !== event.position)
        wrong.push(`${client} has read ${show(event)} where ${show(stored)} is`);
    }
    if (from + events.length - 1 < greatest && from <= greatest)
      wrong.push(
        `${client} has read from ${from} to ${from + events.length - 1}, when ${greatest} had been told already`,
      );
  }
  return wrong;
}

function isAnswered(append: AppendCall): append is AppendCall & { readonly answered: number } {
  return append.answered !== undefined;
}
