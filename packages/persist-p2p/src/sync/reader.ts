/** Reads one peer: where it was left off or, where that is not known, after a reconciliation; and from then on what comes. */
import { createAnotherReading } from "./another-reading.ts";
import { closeGaps } from "./closing.ts";
import type { Standing } from "./closure.ts";
import { createDueGaps } from "./due-gaps.ts";
import type { Incoming } from "./lanes.ts";
import { createLedger, type Gap, type Ledger, partialLedger } from "./ledger.ts";
import type { OwnEntry, Page } from "./messages.ts";
import { requireOrder } from "./page-order.ts";
import type { Peering, Program } from "./peering.ts";
import { reconcile } from "./reconciling.ts";
import { pullEvents, store, storeAtOnce } from "./storing.ts";
import { createWants, fetchWanted, type Wants } from "./wants.ts";

export interface Reader {
  /** Does a piece of work; `false` where there is none now. Throws where the link is to be ended. */
  step(): boolean;
  page(incoming: Incoming): void;
  /** The other side leads a reconciliation and has told what is lacking here. */
  readonly wants: Wants;
  /** The other side has begun one, when its place was this; has ended it. */
  compared(event: "begin" | "end", head: number): void;
  /** The other side needs a reconciliation, or it is time for one. */
  check(): void;
  /** Everything of the peer up to this place is here. -1 where nothing is known. */
  reached(): number;
  /** The same, and it is remembered durably. */
  durable(): number;
  isInSync(): boolean;
  standing(): Standing | undefined;
  /** All up to this place is known to be here. */
  close(place: number): void;
  end(): void;
}

/** How long a place may be remembered late that came without rows, in milliseconds. */
const checkpointDelay = 50;

export interface Beginning {
  /** Which side leads reconciliations. */
  readonly leads: boolean;
  /** How far it has been read already. */
  readonly known: number | undefined;
  /** Whether that is told to the peer. */
  readonly isTold: boolean;
}

export function createReader(p: Peering, o: Beginning): Reader {
  const { shared } = p;
  const { replica, scheduler } = shared;
  const pages: Incoming[] = [];
  const wants = createWants();
  let ledger: Ledger | undefined;
  let durable = -1;
  let reading = 0;
  /** The peer's place when the last reconciliation began that was done from its beginning to its end. */
  let base: number | undefined;
  let exchange: { readonly head: number; isWhole: boolean } | undefined;
  let isCheckDue = false;
  let isPullDue = false;
  /** Some of what a reconciliation found cannot be had now. */
  let isPartial = false;
  let cancelCheckpoint: (() => void) | undefined;
  const due = createDueGaps(p);
  const another = createAnotherReading(p);

  function* main(): Program {
    const start = o.known ?? (isEmptyHere() || p.peerHead === 0 ? 0 : undefined);
    if (start === undefined) yield* beginAnew();
    else begin(start, !o.isTold);
    for (;;) {
      yield isAnythingToDo;
      const gaps = dueGaps();
      if (gaps === undefined && shared.turn.has(p)) shared.turn.leave(p);
      if (another.isDue()) yield* reread();
      else if (gaps !== undefined && shared.turn.take(p)) yield* close(gaps);
      else if (pages.length > 0) yield* takePage(pages.shift() as Incoming);
      else if (wants.size() > 0) yield* fetch();
      else if (isCheckDue) yield* lead();
      else if (isPullDue) yield* pull();
    }
  }

  const isAnythingToDo = (): boolean =>
    pages.length > 0 ||
    wants.size() > 0 ||
    isCheckDue ||
    isPullDue ||
    another.isDue() ||
    shared.turn.has(p) ||
    isGapDue();

  const isGapDue = (): boolean => dueGaps() !== undefined && shared.turn.take(p);

  const isEmptyHere = (): boolean => replica.head() === 0;

  /** Nothing is known of what the other side has: the sets are compared, by whoever leads. */
  function* beginAnew(): Program {
    ledger = undefined;
    isPartial = false;
    // On a new link the other side may have begun, and even ended, before it was our turn.
    if (reading > 0) {
      base = undefined;
      if (exchange !== undefined) exchange.isWhole = false;
    }
    tellReading(undefined);
    if (o.leads) yield* leadFirst();
    else yield* follow();
    begin(base ?? 0, true);
    if (isPartial) {
      ledger = partialLedger(base ?? 0);
      durable = 0;
    } else remember(base ?? 0);
  }

  function* follow(): Program {
    while (base === undefined || wants.size() > 0) {
      yield () => base !== undefined || wants.size() > 0;
      if (wants.size() > 0) yield* fetch();
    }
    yield* pull();
  }

  function* leadFirst(): Program {
    const head = p.peerHead;
    yield* lead();
    base = head;
    if (reading === 1) isCheckDue = false; // what the peer has asked for was this
  }

  function* lead(): Program {
    isCheckDue = false;
    yield* reconcile(p, (marks) => wants.add(marks), fetch);
    yield* pull();
  }

  function* fetch(): Program {
    if (!(yield* fetchWanted(p, wants))) lack();
  }

  function* pull(): Program {
    isPullDue = false;
    if (!(yield* pullEvents(p))) lack();
    shared.turn.leave(p);
  }

  function lack(): void {
    isPartial = true;
    another.plan();
  }

  function begin(place: number, isTold: boolean): void {
    ledger = createLedger(place);
    durable = place;
    if (isTold) tellReading(place);
  }

  function tellReading(place: number | undefined): void {
    reading += 1;
    p.lanes.control({ kind: "read", reading, place, events: replica.vector().get(p.author) ?? 0 });
  }

  /** What was left, because it was not to be had, is tried once more. */
  function* reread(): Program {
    another.begin();
    for (const page of pages.splice(0)) p.lanes.taken(page.lane, page.bytes);
    if (isPartial) yield* beginAnew();
    else begin(reached(), true);
  }

  function leave(place: number): void {
    ledger?.left(place);
    another.plan();
  }

  function* takePage(incoming: Incoming): Program {
    const page = incoming.message as Page;
    if (page.reading === reading && ledger !== undefined) {
      requireOrder(page, ledger.last());
      p.peerHead = Math.max(p.peerHead, page.head);
      yield* storePage(ledger, page);
      moved();
    }
    p.lanes.taken(incoming.lane, incoming.bytes);
  }

  /** With commits of others between those of the peer, its place is reached once the former are here too. */
  function* storePage(ledger: Ledger, page: Page): Program {
    const { relayed, place } = page;
    const isStored = storeTogether(ledger, page) || (yield* storeEach(ledger, page));
    if (relayed.length === 0) ledger.done(place, false);
    else {
      ledger.gap(place, { relayed, since: scheduler.now() });
      if (!isStored) leave(place);
    }
  }

  /** In one transaction, where nothing is lacking: to sync each commit by itself would take longer than all the rest. */
  function storeTogether(ledger: Ledger, { entries, relayed, place }: Page): boolean {
    if (entries.length < 2 || entries.some((entry) => entry.place === 0)) return false;
    const reached = relayed.length === 0 && ledger.isClear() ? place : ledger.reached();
    const items = entries.flatMap((entry) => entry.items);
    if (!storeAtOnce(p, { items, place: () => reached, at: place })) return false;
    durable = Math.max(durable, reached);
    return true;
  }

  /** One after another. What cannot be had now is left, and `false` then. */
  function* storeEach(ledger: Ledger, { entries, relayed, place }: Page): Program<boolean> {
    let isAll = true;
    for (const { place: at, items } of entries) {
      if (at === 0 || relayed.length > 0) {
        const isStored = yield* store(p, { items, place: ledger.reached, at: place });
        isAll &&= isStored;
        continue;
      }
      ledger.open(at);
      if (!(yield* storeUpTo(ledger, at, items, false))) leave(at);
    }
    return isAll;
  }

  /** Stores what completes everything up to a place, and remembers the place with it. */
  function* storeUpTo(ledger: Ledger, place: number, items: OwnEntry["items"], andGaps: boolean): Program<boolean> {
    const next = (): number => ledger.reachedWith(place, andGaps);
    const isStored = yield* store(p, { items, place: next, at: place });
    if (!isStored) return false;
    ledger.done(place, andGaps);
    durable = Math.max(durable, ledger.reached());
    return true;
  }

  function dueGaps(): readonly Gap[] | undefined {
    if (ledger === undefined) return undefined;
    shared.closeKnown();
    return due.of(ledger.gaps());
  }

  function* close(gaps: readonly Gap[]): Program {
    if (ledger === undefined) return;
    const mine = ledger;
    yield* closeGaps(p, gaps, isEmptyHere(), {
      store: (place, items) => storeUpTo(mine, place, items, true),
      leave,
    });
    shared.turn.leave(p);
    moved();
  }

  const reached = (): number => ledger?.reached() ?? -1;

  function moved(): void {
    shared.moved();
    if (reached() <= durable || cancelCheckpoint !== undefined) return;
    cancelCheckpoint = scheduler.after(checkpointDelay, () => {
      cancelCheckpoint = undefined;
      p.wake();
    });
  }

  function remember(place: number): void {
    replica.apply([], { peer: p.peer, place });
    durable = Math.max(durable, place);
  }

  const program = main();
  let waiting: (() => boolean) | undefined;
  let isRunning = false;
  let isOver = false;

  return {
    step() {
      if (isOver) return false;
      if (reached() > durable && cancelCheckpoint === undefined) remember(reached());
      if (waiting !== undefined && !waiting()) return false;
      isRunning = true;
      try {
        waiting = program.next().value as (() => boolean) | undefined;
      } finally {
        isRunning = false;
      }
      if (isOver) program.return();
      return !isOver;
    },
    page: (incoming) => {
      pages.push(incoming);
    },
    wants,
    compared(event, head) {
      if (event === "begin") exchange ??= { head, isWhole: true };
      else {
        if (exchange?.isWhole === true) base = exchange.head;
        exchange = undefined;
        isPullDue = true;
      }
    },
    check() {
      isCheckDue = true;
    },
    reached,
    durable: () => durable,
    isInSync: () =>
      ledger !== undefined &&
      !isPartial &&
      pages.length === 0 &&
      wants.size() === 0 &&
      ledger.isClear() &&
      ledger.reached() >= p.peerHead,
    standing: () => ledger && { replica: p.peer, hope: ledger.hope(), gaps: ledger.gaps() },
    close(place) {
      if (ledger === undefined || place <= ledger.reached()) return;
      for (const gap of ledger.gaps()) if (gap.place <= place) ledger.done(gap.place, false);
      moved();
      p.wake();
    },
    end() {
      another.end();
      due.end();
      cancelCheckpoint?.();
      isOver = true;
      if (!isRunning) program.return();
      shared.turn.leave(p);
    },
  };
}
