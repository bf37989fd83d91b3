/** What erasing amounts to in physical writes: sheets without their first events, and the stream's new head. Where each event was stays, so that reading finds its way past. */
import type { Answer, EraseOp } from "../contract.ts";
import { writeHead } from "./append.ts";
import type { Draft } from "./draft.ts";
import { lengthOf, readHead, type Sheet, walkSheets } from "./events.ts";

export async function erase(draft: Draft, { stream, before }: EraseOp): Promise<Answer> {
  const { view, layout, writes, now } = draft;
  const head = await readHead(view, layout, stream);
  const end = Math.min(before, head.version + 1);
  if (end <= head.first) return { existed: false };
  const range = { stream, least: head.first, most: end - 1, reverse: false, limit: end - head.first };
  for await (const sheet of walkSheets(view, layout, range)) {
    writes.set(layout.events(sheet.position), without(sheet, Math.min(end - sheet.version, lengthOf(sheet))));
  }
  writeHead(draft, stream, draft.nextSeq(), { ...head, first: end, erased: true, time: Math.max(now, head.time) });
  return { existed: true };
}

/** The sheet without so many of its first events. */
function without(sheet: Sheet, count: number): Sheet {
  return { ...sheet, erased: count, events: sheet.events.slice(count - (sheet.erased ?? 0)) };
}
