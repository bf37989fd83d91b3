/** One link whose peer has introduced itself, as its parts see it: the reader, the source, and what all links share. */
import type { Lanes } from "./lanes.ts";
import type { SyncLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import type { Message, Reply } from "./messages.ts";
import { Violation } from "./messages.ts";
import type { Origins } from "./origins.ts";
import type { Replica } from "./replica.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Turn } from "./turn.ts";

/** What goes on step by step: it yields what it waits for, and is asked again until that is so. */
export type Program<T = void> = Generator<() => boolean, T, void>;

export interface Shared {
  readonly replica: Replica;
  readonly scheduler: Scheduler;
  readonly limits: SyncLimits;
  readonly origins: Origins;
  /** To ask for what others may have as well. */
  readonly turn: Turn<Peering>;
  /** To fetch the bytes of a blob, by digest. */
  fetching(digest: string): Turn<Peering>;
  /** Whether another link reads from this replica at present. */
  isRead(replica: string): boolean;
  /** Whether links have just been made, so that others may follow. */
  isGathering(): boolean;
  /** A reader has got further: others may have waited for that. */
  moved(): void;
  /** Closes the gaps of all links in which nothing is lacking here. */
  closeKnown(): void;
  clockSkew(peering: Peering, ahead: number): void;
}

export interface Peering {
  readonly shared: Shared;
  readonly link: Link;
  readonly lanes: Lanes;
  readonly answers: Answers;
  /** The replica at the other end. */
  readonly peer: string;
  /** The log to which that one appends. */
  readonly author: string;
  /** What was removed there before this time, in milliseconds since the epoch, may be forgotten there. */
  readonly floor: number;
  /** The highest place of its that it has told. */
  peerHead: number;
  /** When the last frame came, by the scheduler's clock. */
  lastHeard: number;
  /** Has this link looked after soon. */
  wake(): void;
}

/** What was asked and is not answered yet. All that comes unasked is a violation. */
export interface Answers {
  expect(kind: Reply["kind"] | "offer-or-given"): void;
  /** Throws {@link Violation}. */
  add(message: Message): void;
  take(): Reply | undefined;
  isEmpty(): boolean;
}

export function createAnswers(): Answers {
  const expected: (Reply["kind"] | "offer-or-given")[] = [];
  const came: Reply[] = [];

  return {
    expect: (kind) => {
      expected.push(kind);
    },
    add(message) {
      const kind = expected.shift();
      const fits = kind === message.kind || (kind === "offer-or-given" && ["offer", "given"].includes(message.kind));
      if (!fits) throw new Violation(`"${message.kind}" that was not asked for`);
      came.push(message as Reply);
    },
    take: () => came.shift(),
    isEmpty: () => came.length === 0,
  };
}

/** The peer does not answer. It is nothing to be banned for. */
export class Silence extends Error {
  override readonly name = "Silence";
}

/** Waits until it is so, or for so many milliseconds; tells whether it is. */
export function* until({ shared, wake }: Peering, isSo: () => boolean, milliseconds: number): Program<boolean> {
  let isLate = false;
  const cancel = shared.scheduler.after(milliseconds, () => {
    isLate = true;
    wake();
  });
  try {
    yield () => isLate || isSo();
  } finally {
    cancel();
  }
  return isSo();
}

/** The next answer. As long as the peer says that it is at work it is waited for, but others need not wait for that. */
export function* answered<K extends Reply["kind"]>(p: Peering): Program<Reply & { kind: K }> {
  const { scheduler, limits, turn } = p.shared;
  const asked = scheduler.now();
  while (!(yield* until(p, () => !p.answers.isEmpty(), limits.silence / 4))) {
    turn.leave(p);
    if (scheduler.now() - Math.max(asked, p.lastHeard) >= limits.silence) throw new Silence("no answer");
  }
  return p.answers.take() as Reply & { kind: K };
}

export function* request<K extends Reply["kind"]>(
  p: Peering,
  message: Message,
  kind: K | "offer-or-given",
): Program<Reply & { kind: K }> {
  p.answers.expect(kind);
  p.lanes.control(message);
  return yield* answered<K>(p);
}

/** Waits for this link's turn to ask for what others may have as well. */
export function* turnOf(p: Peering): Program {
  if (!p.shared.turn.take(p)) yield () => p.shared.turn.has(p);
}
