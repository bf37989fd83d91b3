/** What this peer has from others, as it is told to those who may have it already. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import { wantedAtOnce } from "../sync/limits.ts";
import type { RelayedPage, RelayedWanted } from "../sync/replica.ts";
import { lastPlace } from "./commits.ts";
import { identify } from "./identifying.ts";
import { lineOf } from "./lines.ts";
import { numberOf } from "./peers.ts";
import { groupsOf, isOfOne, wholeCommits } from "./whole-commits.ts";

interface RelayedLine {
  /** `null`: it is an event. */
  readonly line: number | null;
  readonly seq: number;
  readonly via: number | null;
  readonly id?: Uint8Array | null;
  readonly mark?: Uint8Array | null;
}

/** Without bodies: see the port. Within a snapshot. */
export function relayedAfter(connection: Connection, place: number, { without, upTo }: RelayedWanted): RelayedPage {
  const passedOver = numberOf(connection, without);
  const { lines, more } = wholeCommits(wantedAtOnce, (limit) => ({
    rows: connection
      .statement(
        `select line, seq, via, id, mark from replica_rows where seq > ? and seq <= ? and via is not ? order by seq limit ?`,
      )
      .all(place, upTo, passedOver, limit) as RelayedLine[],
    events: connection
      .statement(
        `select null as line, seq, via from replica_events where seq > ? and seq <= ? and via is not ? order by seq limit ?`,
      )
      .all(place, upTo, passedOver, limit) as RelayedLine[],
  }));
  const relayed = [...groupsOf(lines)].filter((group) => group[0].via !== null && isOfOne(group)).flat();
  return {
    marks: relayed.flatMap(({ line, id, mark }) => {
      if (line === null) return [];
      return id && mark ? { id, mark } : identify(lineOf(connection, line));
    }),
    events: relayed.some(({ line }) => line === null),
    place: more ? (lines.at(-1) as RelayedLine).seq : Math.min(upTo, lastPlace(connection)),
  };
}
