/**
 * Finding peers in the local network by multicast DNS, on each interface by itself: `@libp2p/mdns` sends on the interface of the default route only, and where there is none, nowhere and without an error.
 *
 * Every peer asks when it comes and then once an interval, unless somebody else has asked just now: all hear all answers. Nobody answers twice a second.
 */
import createMulticast, { type MulticastDNS } from "multicast-dns";
import { ipOf } from "../addresses.ts";
import type { Discovery, Finding, MeetingEvents } from "./discovery.ts";
import { type Interface, listInterfaces } from "./interfaces.ts";
import { announcementOf, questionFor, readAnnouncements, serviceOf } from "./mdns-records.ts";

export interface MdnsOptions {
  readonly self: string;
  /** Multiaddrs that this peer listens on, without `/p2p/…`. */
  addresses(): readonly string[];
  readonly interfaces: readonly string[] | undefined;
  /** Milliseconds. */
  readonly interval: number;
  /** It has stopped or begun to work. */
  onChange(): void;
}

interface Socket {
  readonly on: Interface;
  readonly dns: MulticastDNS;
  /** By service, when we answered last. */
  readonly answered: Map<string, number>;
  failure: string | undefined;
  sent: number;
  received: number;
}

interface Meeting {
  readonly service: string;
  readonly events: MeetingEvents;
  askedAt: number;
}

/** Milliseconds. */
const tick = 1_000;
const rest = 1_000;

export function createMdns(o: MdnsOptions): Discovery {
  const sockets = new Map<string, Socket>();
  const meetings = new Set<Meeting>();
  let isStopped = false;
  /** Where somebody else was who is us. */
  let twin: string | undefined;
  let troubleBefore: string | undefined;

  const timer = setInterval(beat, tick);
  timer.unref();
  scan();

  function beat(): void {
    if (scan()) for (const meeting of meetings) greet(meeting);
    const now = Date.now();
    for (const meeting of meetings) {
      const pause = meeting.events.isMissing?.() === true ? tick : o.interval;
      // Some jitter, so that one asks for all.
      if (now - meeting.askedAt >= pause * (0.9 + Math.random() / 5)) ask(meeting);
    }
    const trouble = troubleOf();
    if (trouble !== troubleBefore) o.onChange();
    troubleBefore = trouble;
  }

  /** Answers whether an interface has come. */
  function scan(): boolean {
    const present = new Map(listInterfaces(o.interfaces).map((each) => [each.address, each]));
    for (const [address, socket] of sockets) {
      if (present.has(address)) continue;
      sockets.delete(address);
      socket.dns.destroy();
    }
    const fresh = [...present].filter(([address]) => !sockets.has(address));
    for (const [address, each] of fresh) sockets.set(address, openSocket(each));
    return fresh.length > 0;
  }

  function openSocket(on: Interface): Socket {
    const dns = createMulticast({ interface: on.address, bind: "0.0.0.0" } as Parameters<typeof createMulticast>[0]);
    const socket: Socket = { on, dns, answered: new Map(), failure: undefined, sent: 0, received: 0 };
    // What arrives may be anybody's garbage: only what is about sending is of interest, and comes from `send`.
    dns.on("warning", () => undefined);
    dns.on("error", (error) => {
      socket.failure = error.message;
    });
    dns.on("query", (packet, from) => {
      for (const meeting of meetings) {
        if (!packet.questions?.some(({ name }) => name === meeting.service)) continue;
        socket.received++;
        if (from.address !== on.address) meeting.askedAt = Math.max(meeting.askedAt, Date.now() - o.interval / 2);
        if (on.isNear(from.address) || !isNearAny(from.address)) announce(socket, meeting);
      }
    });
    dns.on("response", (packet) => {
      for (const { peer, service, addresses, isLeaving } of readAnnouncements(packet)) {
        if (peer === o.self) {
          if (!isLeaving && !addresses.some(isOurs)) twin = addresses.join(", ");
          continue;
        }
        for (const { events } of [...meetings].filter((meeting) => meeting.service === service)) {
          socket.received++;
          if (isLeaving) events.left?.(peer);
          else events.sighted(peer, addresses);
        }
      }
    });
    return socket;
  }

  /** By its port: addresses come and go. */
  function isOurs(address: string): boolean {
    const port = portOf(address);
    return o.addresses().some((own) => portOf(own) === port);
  }

  function isNearAny(address: string): boolean {
    return [...sockets.values()].some(({ on }) => on.isNear(address));
  }

  function ask(meeting: Meeting): void {
    meeting.askedAt = Date.now();
    for (const socket of sockets.values())
      send(socket, () => socket.dns.query(questionFor(meeting.service), sentBy(socket)));
  }

  /** Others hear of us at once, and we of them. */
  function greet(meeting: Meeting): void {
    for (const socket of sockets.values()) announce(socket, meeting);
    ask(meeting);
  }

  function announce(socket: Socket, { service }: Meeting, isLeaving = false): void {
    const now = Date.now();
    if (!isLeaving && now - (socket.answered.get(service) ?? 0) < rest) return;
    const addresses = reachableOn(socket.on);
    if (addresses.length === 0) return;
    socket.answered.set(service, now);
    const record = announcementOf({ peer: o.self, service, addresses, isLeaving });
    send(socket, () => socket.dns.respond(record, sentBy(socket)));
  }

  /** Others on that network cannot reach loopback, and those on this machine need nothing else. */
  function reachableOn({ address, isLoopback }: Interface): readonly string[] {
    return o.addresses().filter((each) => {
      const host = ipOf(each)?.host ?? "";
      return isLoopback ? host.startsWith("127.") : host === address || (!host.startsWith("127.") && host !== "::1");
    });
  }

  function send(socket: Socket, how: () => void): void {
    try {
      how();
    } catch (error) {
      socket.failure = (error as Error).message;
    }
  }

  function sentBy(socket: Socket): (error?: Error | null) => void {
    return (error) => {
      socket.failure = error?.message;
      if (error === undefined || error === null) socket.sent++;
    };
  }

  function troubleOf(): string | undefined {
    if (twin !== undefined) return `another process has this peer's identity, at ${twin}: was the folder copied?`;
    const outside = [...sockets.values()].filter(({ on }) => !on.isLoopback);
    if (outside.length === 0) {
      return sockets.size === 0
        ? "there is no interface for multicast"
        : "there is no interface but loopback: only peers on this machine are found";
    }
    const failed = outside.filter(({ failure }) => failure !== undefined);
    if (failed.length < outside.length) return undefined;
    return `multicast fails on every interface: ${failed.map(({ on, failure }) => `${on.name} ${failure}`).join(", ")}`;
  }

  return {
    join(key, events) {
      const meeting: Meeting = { service: serviceOf(key), events, askedAt: 0 };
      meetings.add(meeting);
      greet(meeting);
      return () => {
        if (!meetings.delete(meeting)) return;
        for (const socket of sockets.values()) announce(socket, meeting, true);
      };
    },
    trouble: troubleOf,
    findings: () => [
      ...[...sockets.values()].map(
        ({ on, failure, sent, received }): Finding => ({
          what: `multicast on ${on.name} (${on.address})`,
          ok: failure === undefined,
          detail: failure ?? `${sent} messages sent, ${received} about this store received`,
        }),
      ),
      ...(troubleOf() === undefined ? [] : [{ what: "mDNS", ok: false, detail: troubleOf() as string }]),
    ],
    async stop() {
      if (isStopped) return;
      isStopped = true;
      clearInterval(timer);
      for (const socket of sockets.values()) for (const meeting of meetings) announce(socket, meeting, true);
      meetings.clear();
      // What was sent just now still has to leave.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(
        [...sockets.values()].map(({ dns }) => new Promise<void>((resolve) => dns.destroy(() => resolve()))),
      );
      sockets.clear();
    },
  };
}

function portOf(address: string): string | undefined {
  return /\/tcp\/(\d+)/.exec(address)?.[1];
}
