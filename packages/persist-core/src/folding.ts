/** The state that a stream's events add up to. */
import type { StoredEvent } from "./api/events.ts";
import { type Call, timedOut } from "./calls.ts";
import type { Gate } from "./gate.ts";
import { readHead } from "./reading.ts";
import { toEvent } from "./stored-event.ts";

const pageSize = 500;

/** Page by page, so what is appended meanwhile is taken along or not; the version says how far it went. */
export async function foldStream<S, M>(
  gate: Gate,
  stream: string,
  initial: S,
  step: (state: S, event: StoredEvent<M>) => S,
  call: Call,
): Promise<{ state: S; version: number }> {
  // Before the events: where all were erased the stream still has a version, and it must not be that of an event which was not seen.
  let { version } = await readHead(gate, stream, call);
  let state = initial;
  let from = 1;
  for (let more = true; more; ) {
    if (performance.now() > call.deadline) throw timedOut(call);
    const page = await gate.events({ stream, from, reverse: false, limit: pageSize }, call);
    for (const event of page.events) state = step(state, toEvent<M>(event));
    const last = page.events.at(-1)?.version ?? 0;
    version = Math.max(version, last);
    from = last + 1;
    more = page.more;
  }
  return { state, version };
}
