/** Signatures of this peer's own events. They are made when there is nothing else to do, and until then whenever the events are sent. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import { writeAheadAtOnce } from "./at-once.ts";
import type { Authority } from "./authority.ts";
import { countOf, setCount } from "./authors.ts";
import { prove } from "./event-proofs.ts";
import { type EventItemRow, eventItemOf, eventItemSql } from "./events.ts";
import type { Author, ReplicaParts } from "./parts.ts";
import { readSetting, writeSetting } from "./settings.ts";
import { mayAnswerFor } from "./signing.ts";

/** Events in one transaction. */
const step = 200;
const signedKey = "replica_events_signed";

/** One bounded step of signing those in this peer's log that have no signature. Returns whether there may be more. */
export function signEvents({ connection, author, authority }: ReplicaParts): boolean {
  if (authority === undefined) return false;
  const rows = connection
    .statement(
      `select ${eventItemSql.columns} from ${eventItemSql.from}
       where r.author = ? and r.number > ? order by r.number limit ?`,
    )
    .all(author.id, readSigned(connection, author), step) as EventItemRow[];
  const last = rows.at(-1);
  if (last === undefined) return false;
  writeAheadAtOnce(connection, () => {
    const set = connection.statement("update replica_events set proof = ? where author = ? and number = ?");
    for (const row of rows) set.run(prove(authority, eventItemOf(row, authority)), author.id, row.number);
    writeSetting(connection, signedKey, `${author.id} ${last.number}`);
  });
  return rows.length === step;
}

/** How many of the log are signed. */
function readSigned(connection: Connection, { id }: Author): number {
  const [of, number] = (readSetting(connection, signedKey) ?? "").split(" ");
  return of === String(id) ? Number(number) : 0;
}

interface OwnEvent {
  readonly author: number;
  readonly number: number;
  readonly name: Uint8Array;
}

/**
 * Inside a write transaction. Events that were appended here under an identity that this file has no more, and were never signed, go to the log of its present one: nobody else could answer for them.
 * Where they were known elsewhere after all, they are found to be the same by their ids.
 */
export function adoptEvents(connection: Connection, authority: Authority, to: Author): void {
  const unsigned = connection
    .statement(
      `select r.author, r.number, a.author as name from replica_events r join replica_authors a on a.id = r.author
       where r.via is null and r.proof is null and r.author <> ? order by r.author, r.number`,
    )
    .all(to.id) as OwnEvent[];
  const move = connection.statement(
    "update replica_events set author = ?, number = ?, seq = ? where author = ? and number = ?",
  );
  let count = countOf(connection, to.id);
  for (const { author, number, name } of unsigned) {
    if (mayAnswerFor(authority, authority.self, name)) continue;
    move.run(to.id, ++count, connection.nextSeq(), author, number);
    setCount(connection, author, Math.min(countOf(connection, author), number - 1));
  }
  setCount(connection, to.id, count);
}
