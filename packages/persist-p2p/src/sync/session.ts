/** One link from its first frame to its end: the introduction, and then a reader and a source. */
import { createHeard } from "./heard.ts";
import { createLanes, type Incoming } from "./lanes.ts";
import type { Link } from "./link.ts";
import { type Hello, type Message, type ReadFrom, Violation, versions } from "./messages.ts";
import { createAnswers, type Peering, type Shared } from "./peering.ts";
import { createReader, type Reader } from "./reader.ts";
import { ReplicaRefusal } from "./replica.ts";
import { createSource, type Source } from "./source.ts";

export interface Session {
  readonly link: Link;
  /** What the peer has said of itself, once it has. */
  hello(): Hello | undefined;
  /** What was said to the peer. */
  readonly said: Hello;
  /** When it was taken over, in milliseconds since the epoch. */
  readonly since: number;
  reader(): Reader | undefined;
  peering(): Peering | undefined;
  /** All that the peer wrote with stamps up to this time (its own clock's, in milliseconds since the epoch) is here. 0: that is not known yet. */
  heard(): number;
  isInSync(): boolean;
  /** Does a piece of work; `false` where there is none now. Never throws. */
  step(): boolean;
  /** Has the two sides compare all that they have. */
  check(): void;
  end(why: string, o?: { readonly ban?: boolean }): void;
  isOver(): boolean;
}

export interface SessionEvents {
  /** The peer has introduced itself. `false`: this link is not to be used, and was ended. */
  introduced(session: Session, hello: Hello): boolean;
  /** This replica was restored from a backup: the peer has read more than there is. */
  restored(session: Session): void;
  dirty(session: Session): void;
  over(session: Session): void;
}

/** Frames that wait here: more than both windows and some control frames are sent by nobody who keeps the rules. */
const maxWaiting = { bytes: 4 * 1024 * 1024, frames: 8_192 };
/** How much of the lack told by the other side is kept before it is answered. */
const maxWanted = 2_048;

export function createSession(link: Link, shared: Shared, said: Hello, on: SessionEvents, since: number): Session {
  const { replica, scheduler, limits } = shared;
  const inbox: Uint8Array[] = [];
  let inboxBytes = 0;
  let isWritable = true;
  let isOver = false;
  let allowance = limits.framesPerSecond * 10;
  let allowedAt = scheduler.now();
  let lastHeard = scheduler.now();
  let lastSent = scheduler.now();
  let acknowledged = -1;
  let hello: Hello | undefined;
  let peering: Peering | undefined;
  let reader: Reader | undefined;
  let source: Source | undefined;
  const heard = createHeard(() => reader?.reached() ?? -1);
  /** Which side leads reconciliations: the one with the lesser id. */
  let leads = false;

  const lanes = createLanes(
    { send: (frame) => link.send(frame) },
    () => isWritable,
    () => {
      isWritable = false;
    },
  );

  const session: Session = {
    link,
    hello: () => hello,
    said,
    since,
    reader: () => reader,
    peering: () => peering,
    heard: heard.upTo,
    isInSync: () => reader?.isInSync() === true && source?.isInSync() === true,
    step() {
      if (isOver) return false;
      try {
        return work();
      } catch (error) {
        fail(error);
        return false;
      }
    },
    check() {
      if (leads) reader?.check();
    },
    end,
    isOver: () => isOver,
  };

  function work(): boolean {
    const frame = inbox.shift();
    if (frame !== undefined) {
      inboxBytes -= frame.length;
      take(frame);
      return true;
    }
    if (lanes.flush()) {
      lastSent = scheduler.now();
      return true;
    }
    if (!isWritable) return false;
    const isBusy = reader?.step() === true || source?.step() === true;
    if (isOver) return false;
    if (lanes.owesAck() || (!isBusy && hasNews())) acknowledge();
    return isBusy;
  }

  const hasNews = (): boolean => reader !== undefined && reader.durable() > acknowledged;

  function acknowledge(): void {
    acknowledged = Math.max(0, reader?.durable() ?? 0);
    lanes.control({ kind: "ack", place: acknowledged, push: lanes.takenOf("push"), reply: lanes.takenOf("reply") });
    lanes.told();
    lastSent = scheduler.now();
  }

  function take(frame: Uint8Array): void {
    const incoming = lanes.receive(frame);
    if (incoming === undefined) return;
    const { message } = incoming;
    if (hello === undefined) {
      if (message.kind !== "hello") throw new Violation("does not introduce itself");
      introduce(message);
    } else dispatch(message, incoming);
  }

  function introduce(message: Hello): void {
    hello = message;
    heard.told(message.head, message.clock);
    if (Math.min(message.versions[1], versions[1]) < Math.max(message.versions[0], versions[0])) {
      end(
        `speaks versions ${message.versions.join(" to ")} of the protocol, and ${versions.join(" to ")} are spoken here`,
      );
      return;
    }
    if (!on.introduced(session, message) || isOver) return;
    const isTold = said.reads?.replica === message.replica && said.reads.place !== undefined;
    peering = {
      shared,
      link,
      lanes,
      answers: createAnswers(),
      peer: message.replica,
      floor: message.floor,
      author: message.author,
      peerHead: message.head,
      lastHeard,
      wake: () => on.dirty(session),
    };
    const known = isTold ? said.reads?.place : replica.readUpTo(message.replica);
    leads = said.replica < message.replica;
    const mine = createReader(peering, { leads, known, isTold });
    reader = mine;
    // What was said to be read is known to be durable: an acknowledgement would say it again.
    if (isTold) acknowledged = known ?? acknowledged;
    source = createSource(peering, {
      hasRoom: () => mine.wants.size() < maxWanted,
      lacking: (marks) => mine.wants.add(marks),
    });
    if (message.reads?.replica === said.replica && message.reads.place !== undefined) {
      readFrom({ kind: "read", reading: 0, ...message.reads });
    }
  }

  function readFrom(message: ReadFrom): void {
    const { place, events } = message;
    if ((place ?? 0) > replica.head() || events > (replica.vector().get(replica.author) ?? 0)) {
      on.restored(session);
      return;
    }
    source?.read(message);
    if (place === undefined) session.check();
  }

  function dispatch(message: Message, incoming: Incoming): void {
    const of = peering as Peering;
    of.lastHeard = lastHeard;
    switch (message.kind) {
      case "hello":
        throw new Violation("introduces itself twice");
      case "read":
        readFrom(message);
        break;
      case "ack":
        lanes.confirmed("push", message.push);
        lanes.confirmed("reply", message.reply);
        source?.confirmed(message.place);
        break;
      case "clock":
        heard.told(message.place, message.time);
        break;
      case "page":
        reader?.page(incoming);
        break;
      case "ask":
      case "want":
      case "pull":
      case "want-chunks":
        source?.asked(message);
        break;
      case "compare":
        if (leads) throw new Violation("leads where it has to follow");
        lanes.taken(incoming.lane, incoming.bytes);
        reader?.compared(message.end ? "end" : "begin", message.head);
        if (!message.end) source?.asked(message);
        break;
      default:
        // What was asked for is little: it is kept wherever it has to wait.
        lanes.taken(incoming.lane, incoming.bytes);
        of.answers.add(message);
    }
  }

  function fail(error: unknown): void {
    const isBanned = error instanceof Violation || error instanceof ReplicaRefusal;
    end(error instanceof Error ? error.message : String(error), { ban: isBanned });
  }

  function end(why: string, o?: { readonly ban?: boolean }): void {
    if (isOver) return;
    finish();
    link.end(why, o);
  }

  function finish(): void {
    if (isOver) return;
    isOver = true;
    cancelHeartbeat();
    cancelClock();
    reader?.end();
    source?.end();
    inbox.length = 0;
    on.over(session);
  }

  /** Whoever waits for an answer hears that it is being worked at; and a peer that does not introduce itself is let go. */
  function beat(): void {
    if (hello === undefined && scheduler.now() - lastHeard >= limits.silence) {
      end("does not introduce itself");
      return;
    }
    if (source?.owes() === true && scheduler.now() - lastSent >= limits.silence / 4) acknowledge();
    cancelHeartbeat = scheduler.after(limits.silence / 4, beat);
  }
  let cancelHeartbeat = scheduler.after(limits.silence / 4, beat);

  function tellClock(): void {
    const present = peering === undefined ? undefined : replica.present();
    if (present !== undefined) {
      lanes.control({ kind: "clock", ...present });
      on.dirty(session);
    }
    cancelClock = scheduler.after(limits.clocks, tellClock);
  }
  let cancelClock = scheduler.after(limits.clocks, tellClock);

  function isFlooding(): boolean {
    const now = scheduler.now();
    allowance = Math.min(limits.framesPerSecond * 10, allowance + ((now - allowedAt) / 1_000) * limits.framesPerSecond);
    allowedAt = now;
    allowance -= 1;
    return allowance < 0 || inboxBytes > maxWaiting.bytes || inbox.length > maxWaiting.frames;
  }

  link.onDrain(() => {
    isWritable = true;
    on.dirty(session);
  });
  link.onFrame((frame) => {
    if (isOver) return;
    inbox.push(frame);
    inboxBytes += frame.length;
    lastHeard = scheduler.now();
    if (isFlooding()) end("sends more than it may", { ban: true });
    on.dirty(session);
  });
  link.onEnd(finish);
  if (!isOver) lanes.control(said);

  return session;
}
