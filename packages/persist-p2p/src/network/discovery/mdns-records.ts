/** What peers say over multicast DNS: a PTR record from the service, whose name is a keyed hash of the topic, to the peer, and a TXT record with its addresses. */
import { createHash } from "node:crypto";
import type { QueryOutgoingPacket, ResponseOutgoingPacket, ResponsePacket } from "multicast-dns";

export interface Announcement {
  readonly peer: string;
  readonly service: string;
  /** Multiaddrs without `/p2p/…`. */
  readonly addresses: readonly string[];
  readonly isLeaving: boolean;
}

/** Seconds. */
const lifetime = 120;
/** Of one announcement, which has to fit in a packet. */
const mostAddresses = 8;
const mostAddressLength = 120;

/** 13 characters of base32 are 65 bits: nobody's topic meets another one's by accident. */
export function serviceOf(meeting: Uint8Array): string {
  const digest = createHash("sha256").update("mdns").update(meeting).digest();
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  const name = Array.from({ length: 13 }, (_, index) => alphabet[(digest[index] as number) & 31]).join("");
  return `_p${name}._udp.local`;
}

export function questionFor(service: string): QueryOutgoingPacket {
  return { questions: [{ name: service, type: "PTR" }] };
}

export function announcementOf({ peer, service, addresses, isLeaving }: Announcement): ResponseOutgoingPacket {
  const ttl = isLeaving ? 0 : lifetime;
  const name = `${peer}.${service}`;
  const told = addresses.filter((address) => address.length <= mostAddressLength).slice(0, mostAddresses);
  return {
    answers: [
      { name: service, type: "PTR", ttl, data: name },
      { name, type: "TXT", ttl, data: told.map((address) => `a=${address}`) },
    ],
  };
}

/** Of a packet that anybody may have sent. */
export function readAnnouncements({ answers = [], additionals = [] }: ResponsePacket): readonly Announcement[] {
  const records = [...answers, ...additionals].slice(0, 256);
  return records.flatMap((record) => {
    if (record.type !== "TXT") return [];
    const dot = record.name.indexOf(".");
    const peer = record.name.slice(0, dot);
    if (!/^[A-Za-z0-9]{40,64}$/.test(peer)) return [];
    const texts = [record.data].flat().map((text) => Buffer.from(text as Uint8Array | string).toString());
    const addresses = texts
      .filter((text) => text.startsWith("a=/") && text.length <= mostAddressLength + 2)
      .map((text) => text.slice(2))
      .slice(0, mostAddresses);
    return [{ peer, service: record.name.slice(dot + 1), addresses, isLeaving: record.ttl === 0 }];
  });
}
