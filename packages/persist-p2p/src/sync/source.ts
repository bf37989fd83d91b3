/** Serves one peer: sends what is committed here from where it has read on, and answers what it asks. */
import { bodyBytes, chunkBytes, commitBytes, pageBytes } from "./limits.ts";
import {
  type Answer,
  type Ask,
  type Compare,
  type OwnEntry,
  type Pull,
  type ReadFrom,
  type Relayed,
  type Reply,
  Violation,
  type Want,
  type WantChunks,
} from "./messages.ts";
import type { Peering } from "./peering.ts";
import { answer } from "./ranges.ts";
import type { Commit, CommitPage, Item, Marked } from "./replica.ts";

export interface Source {
  /** Makes the next message, if there is one to be sent now. */
  step(): boolean;
  read(from: Pick<ReadFrom, "reading" | "place">): void;
  /** Something that is to be answered. Throws {@link Violation} where the last one is not answered yet. */
  asked(what: Ask | Want | Pull | WantChunks | Compare): void;
  /** Whether the peer waits for an answer. */
  owes(): boolean;
  /** The peer holds everything up to this place. Throws {@link Violation}. */
  confirmed(place: number): void;
  isInSync(): boolean;
  end(): void;
}

export interface Answering {
  /** Whether there is room for what the other side tells to be lacking here. */
  hasRoom(): boolean;
  lacking(marks: readonly Marked[]): void;
}

/** So many chunks may be asked for at once. */
const maxChunks = 8;
/** So many rows are read at once, each up to 4 MiB. */
const rowsAtOnce = 8;
/** Of the first page of a reading. Each is twice as long as the one before, up to {@link pageBytes}, so that the other side stores the first ones while the next are read. */
const firstPageBytes = 16 * 1024;
/** How late it may be remembered what the peer has confirmed, in milliseconds. */
const confirmDelay = 1_000;

export function createSource(p: Peering, o: Answering): Source {
  const { replica, scheduler, limits } = p.shared;
  let reading = 0;
  /** Everything up to this place was sent in this reading. */
  let sent: number | undefined;
  let nextBytes = firstPageBytes;
  let furthest = 0;
  let confirmed = 0;
  let remembered = 0;
  let cancelRemember: (() => void) | undefined;
  let holding: "not" | "held" | "over" = "not";
  let cancelHold = (): void => undefined;
  let heldAt = -1;
  const asks = new Map<string, Ask | Want | Pull | Compare>();
  let chunks: WantChunks[] = [];

  function reply(): Reply | undefined {
    const chunk = chunks.shift();
    if (chunk !== undefined) {
      return { kind: "chunk", offset: chunk.offset, bytes: replica.chunk(chunk.digest, chunk.offset) };
    }
    for (const [kind, what] of asks) {
      if (what.kind === "compare" && !o.hasRoom()) continue;
      asks.delete(kind);
      if (what.kind === "ask") return offerOrGive(what);
      if (what.kind === "want") return rows(what);
      if (what.kind === "pull") return events(what);
      return compared(what);
    }
    return undefined;
  }

  function offerOrGive({ after, to, all }: Ask): Reply {
    if (all) {
      const page = replica.commitsAfter(after, { bytes: pageBytes * 4, without: p.peer, upTo: to });
      const relayed = page.commits.filter(({ from }) => from !== undefined);
      return { kind: "given", entries: relayed.map(({ place, items }) => ({ place, items })), upTo: page.place };
    }
    const { marks, events, place } = replica.relayedAfter(after, { without: p.peer, upTo: to });
    return { kind: "offer", marks, events, upTo: place };
  }

  function events({ vector, upTo }: Pull): Reply {
    // What has a bound is stored together.
    const bytes = upTo === undefined ? pageBytes * 2 : commitBytes / 2;
    return { kind: "events", ...replica.eventsAfter(vector, bytes, upTo), head: replica.head() };
  }

  function rows({ ids, upTo }: Want): Reply {
    // Whoever leads has seen them in a list, and cannot know that it has removed them itself.
    const kept = new Set(replica.unlessRemoved(ids.map(toMarked), p.peer, p.floor).map(({ id }) => id));
    const items: Item[] = [];
    let answered = 0;
    for (let bytes = 0; answered < ids.length && bytes < pageBytes * 2; answered += rowsAtOnce) {
      const some = replica.rows(
        ids.slice(answered, answered + rowsAtOnce).filter((id) => kept.has(id)),
        upTo,
      );
      items.push(...some);
      bytes += sizeOf(some);
    }
    return { kind: "rows", items, head: replica.head(), answered: Math.min(answered, ids.length) };
  }

  function compared({ ranges, told }: Compare): Answer {
    const found = answer(replica, ranges);
    o.lacking(replica.lacking([...found.lacked, ...told]));
    const alone = replica.unlessRemoved(found.alone, p.peer, p.floor);
    return { kind: "answer", ranges: found.ranges, told: [...found.otherwise, ...alone] };
  }

  function push(): boolean {
    const head = replica.head();
    if (sent === undefined || sent >= head || isHeld(head)) return false;
    const page = ownAfter(sent);
    if (isOthers(page) && hold(head)) return false;
    cancelHold();
    holding = "not";
    const { commits, place } = page;
    const [entries, relayed] = [ownOf(commits), relayedOf(commits)];
    p.lanes.put("push", { kind: "page", reading, entries, relayed, place, head });
    sent = page.place;
    furthest = Math.max(furthest, sent);
    nextBytes = Math.min(pageBytes, 2 * nextBytes);
    return true;
  }

  const ownAfter = (place: number): CommitPage =>
    replica.commitsAfter(place, { bytes: nextBytes, without: p.peer, ownItemsOnly: true });

  const isOthers = ({ commits, more }: CommitPage): boolean => !more && commits.every(({ from }) => from !== undefined);

  /** What others have written is told a little late: they may tell it themselves. */
  function hold(head: number): boolean {
    if (holding === "not") {
      holding = "held";
      cancelHold = scheduler.after(limits.relayDelay, () => {
        holding = "over";
        p.wake();
      });
    }
    heldAt = head;
    return holding === "held";
  }

  /** Whether it is held still: nothing has come since that may not be. */
  function isHeld(head: number): boolean {
    if (holding !== "held" || (heldAt !== head && !isOthers(ownAfter(heldAt)))) return false;
    heldAt = head;
    return true;
  }

  /** What came from whom, with the last place of theirs: whoever has read that far has all of it. */
  function relayedOf(commits: readonly Commit[]): Relayed[] {
    const last = new Map<string, number>();
    for (const { from, place } of commits) if (from !== undefined) last.set(from, place);
    return [...last].map(([via, place]) => ({ via, viaPlace: p.shared.origins.bound(via, place) }));
  }

  function remember(): void {
    if (confirmed <= remembered) return;
    remembered = confirmed;
    replica.confirmed(p.peer, confirmed);
  }

  return {
    step() {
      if (p.lanes.isFree("reply")) {
        const message = reply();
        if (message !== undefined) {
          p.lanes.put("reply", message);
          return true;
        }
      }
      return p.lanes.isFree("push") && push();
    },

    read({ reading: number, place }) {
      reading = number;
      sent = place;
      nextBytes = firstPageBytes;
      furthest = Math.max(furthest, place ?? 0);
      confirmed = Math.max(confirmed, place ?? 0);
    },

    asked(what) {
      if (what.kind === "want-chunks") {
        for (let i = 0; i < what.count; i += 1) chunks.push({ ...what, offset: what.offset + i * chunkBytes });
        if (chunks.length > maxChunks) throw new Violation("asks before it was answered");
        return;
      }
      if (asks.has(what.kind)) throw new Violation("asks before it was answered");
      asks.set(what.kind, what);
    },

    owes: () => asks.size > 0 || chunks.length > 0,

    confirmed(place) {
      if (place > furthest) throw new Violation("confirmed what was not sent");
      confirmed = Math.max(confirmed, place);
      cancelRemember ??= scheduler.after(confirmDelay, () => {
        cancelRemember = undefined;
        remember();
      });
    },

    isInSync: () => sent !== undefined && confirmed >= replica.head(),

    end() {
      cancelHold();
      cancelRemember?.();
      remember();
      chunks = [];
    },
  };
}

const sizeOf = (items: readonly Item[]): number => items.reduce((sum, { body }) => sum + body.length, 0);

function ownOf(commits: readonly Commit[]): OwnEntry[] {
  return commits
    .filter(({ from }) => from === undefined)
    .flatMap(({ place, items }) =>
      partsOf(items).map((part, i, parts) => ({ place: i === parts.length - 1 ? place : 0, items: part })),
    );
}

/** A commit of more than fits into one transaction is sent in several. */
function partsOf(items: readonly Item[]): Item[][] {
  const parts: Item[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    if (bytes + item.body.length > commitBytes - bodyBytes) {
      parts.push([]);
      bytes = 0;
    }
    (parts.at(-1) as Item[]).push(item);
    bytes += item.body.length;
  }
  return parts;
}

/** Of a row that is asked for, with whatever mark. */
const toMarked = (id: Uint8Array): Marked => ({ id, mark: new Uint8Array(0) });
