/** Appends that meet nothing in their way: all of them by one statement, and not list by list. */
import type { AppendOp, CommitResult, EngineOptions, Op } from "@cuitty/persist-core";
import { type Connection, perSchema } from "./connection.ts";
import { sentEvent } from "./operations.ts";

/** What a stream gets from all of the appends together. */
interface Growth {
  readonly stream: string;
  /** As the first append wants it; later ones want nothing. */
  readonly expected: string | undefined;
  /** How many events. */
  added: number;
  /** The number of the last of them among the events of all streams. */
  last: number;
}

/** The number of an append's last event. */
interface End {
  readonly inStream: number;
  readonly inAll: number;
}

interface PlainAppends {
  readonly appends: readonly AppendOp[];
  readonly streams: ReadonlyMap<string, Growth>;
  readonly ends: readonly End[];
}

/** The appends, where each list is one, and none has to be judged by what another does: by an id that both have, or an expected version after the first in its stream. */
export function plainAppends(lists: readonly (readonly Op[])[]): PlainAppends | undefined {
  const appends: AppendOp[] = [];
  const streams = new Map<string, Growth>();
  const ends: End[] = [];
  const ids = new Set<string>();
  let inAll = 0;
  for (const [op, another] of lists) {
    if (another !== undefined || op?.op !== "append" || op.unless !== undefined) return undefined;
    const { stream, expected } = op;
    const known = streams.get(stream);
    if (known !== undefined && expected !== undefined) return undefined;
    const growth = known ?? { stream, expected: expected?.toString(), added: 0, last: 0 };
    streams.set(stream, growth);
    for (const { id } of op.events) {
      const name = JSON.stringify([stream, id]);
      if (ids.has(name)) return undefined;
      ids.add(name);
    }
    inAll += op.events.length;
    growth.added += op.events.length;
    growth.last = inAll;
    ends.push({ inStream: growth.added, inAll });
    appends.push(op);
  }
  return { appends, streams, ends };
}

const text = perSchema((s) => `select ${s}.append_all($1, $2, $3::text::json, $4::text::json)::text as appended`);

/** What the log's last position was, and the versions of the streams now, in their order. */
interface Appended {
  readonly position: number;
  readonly versions: Readonly<Record<string, number>>;
}

/** Nothing where one of them is a duplicate or a conflict. */
export async function appendAll(
  connection: Connection,
  scope: number,
  { appends, streams, ends }: PlainAppends,
  o: EngineOptions,
): Promise<CommitResult[] | undefined> {
  const sentStreams = [...streams.values()].map(({ stream, expected, added, last }) => ({
    k: stream,
    q: expected,
    a: added,
    p: last,
  }));
  const events = appends.flatMap(({ stream, events }, i) => {
    const after = (streams.get(stream) as Growth).added - (ends[i] as End).inStream; // this many come after the last of these
    return events.map((event, nth) => ({ ...sentEvent(event), k: stream, n: after + events.length - 1 - nth }));
  });
  const [row] = await connection.write<{ appended: string | null }>(
    o,
    text(connection),
    [scope, o.now, JSON.stringify(sentStreams), JSON.stringify(events)],
    { fence: scope },
  );
  if (row == null || row.appended === null) return undefined;
  const { position, versions } = JSON.parse(row.appended) as Appended;
  return appends.map(({ stream }, i) => {
    const { inStream, inAll } = ends[i] as End;
    const version = (versions[stream] as number) - (streams.get(stream) as Growth).added + inStream;
    return {
      outcome: "applied",
      time: o.now,
      answers: [{ appended: { version, position: position + inAll, duplicate: false } }],
    };
  });
}
