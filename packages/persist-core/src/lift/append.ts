/** What appending amounts to in physical writes: sheets, where each event is, and the new ends of the stream and of the log. */
import type { Answer, AppendOp, NewEventRow } from "../contract.ts";
import { rowVersionOf, streamHead } from "../stream-heads.ts";
import type { Draft } from "./draft.ts";
import { type Head, readHead, readPlaces, type Sheet, sheetSize, storedEvent } from "./events.ts";
import { rowEnvelope } from "./row-envelope.ts";

/** The most characters on one sheet, so that no value is much larger than a single event may be. */
const sheetLength = 1024 * 1024;

export async function append(draft: Draft, { stream, events }: AppendOp): Promise<Answer> {
  const { view, layout, writes, now } = draft;
  const last = events.at(-1) as NewEventRow;
  const known = (await readPlaces(view, layout, stream, [last.id])).get(last.id);
  if (known !== undefined) return { appended: { ...known, duplicate: true } };

  const log = await readHead(view, layout, "");
  const before = await readHead(view, layout, stream);
  const time = Math.max(now, log.time);

  let { position } = log;
  let { version } = before;
  for (const onSheet of divide(events)) {
    const sheet: Sheet = {
      stream,
      position: position + 1,
      version: version + 1,
      time,
      events: onSheet.map(storedEvent),
    };
    writes.set(layout.events(sheet.position), sheet);
    writes.set(layout.streamEvents(stream, sheet.version), { position: sheet.position });
    for (const { id } of onSheet) writes.set(layout.eventId(stream, id), { version: ++version, position: ++position });
  }
  const seq = draft.nextSeq();
  const end = { position, erased: false, time };
  const created = before.version === 0 ? time : before.created;
  writeHead(draft, stream, seq, { ...before, ...end, version, created, time: Math.max(time, before.time) });
  writeHead(draft, "", seq, { ...log, ...end, version: position, created: log.position === 0 ? time : log.created });
  return { appended: { version, position, duplicate: false } };
}

export function writeHead({ layout, writes }: Draft, key: string, seq: number, to: Head): void {
  const head = streamHead(to.version, to.position, to.first, to.erased);
  const version = rowVersionOf(head);
  const row = { key, value: JSON.stringify(head), version, createdAt: to.created, updatedAt: to.time };
  writes.set(layout.row("streams", key), rowEnvelope(row, seq));
}

function* divide(events: readonly NewEventRow[]): Iterable<NewEventRow[]> {
  let sheet: NewEventRow[] = [];
  let length = 0;
  for (const event of events) {
    const more = event.data.length + (event.metadata?.length ?? 0);
    if (sheet.length === sheetSize || (sheet.length > 0 && length + more > sheetLength)) {
      yield sheet;
      sheet = [];
      length = 0;
    }
    sheet.push(event);
    length += more;
  }
  yield sheet;
}
