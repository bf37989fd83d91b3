import fc from "fast-check";
import type { ResponsePacket } from "multicast-dns";
import { expect, test } from "vitest";
import { announcementOf, readAnnouncements, serviceOf } from "../../src/network/discovery/mdns-records.ts";

const peer = "12D3KooWAfBVdmphtMFPVq3GEpcg3QMiRbrwD9mpd6D6fc4CswRw";

test("an announcement is read as it was made", () => {
  const service = serviceOf(Buffer.from("a meeting"));
  expect(service).toMatch(/^_p[a-z2-7]{13}\._udp\.local$/);
  const told = { peer, service, addresses: ["/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1/ws"], isLeaving: false };
  expect(readAnnouncements(announcementOf(told) as ResponsePacket)).toEqual([told]);
  expect(readAnnouncements(announcementOf({ ...told, isLeaving: true }) as ResponsePacket)).toMatchObject([
    { isLeaving: true },
  ]);
});

test("services of different meetings are different, and say nothing of the topic", () => {
  expect(serviceOf(Buffer.from("one"))).not.toBe(serviceOf(Buffer.from("other")));
});

test("whatever the records hold, reading them takes little and throws nothing", () => {
  const record = fc.record({
    type: fc.constantFrom("TXT", "PTR", "A"),
    name: fc.oneof(fc.string(), fc.constant(`${peer}._p._udp.local`)),
    ttl: fc.nat(),
    data: fc.oneof(
      fc.string(),
      fc.uint8Array(),
      fc.array(fc.oneof(fc.string(), fc.constant("a=/ip4/1.2.3.4/tcp/1")), { maxLength: 30 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(record), fc.array(record), (answers, additionals) => {
      const read = readAnnouncements({ answers, additionals } as unknown as ResponsePacket);
      for (const { addresses } of read) {
        expect(addresses.length).toBeLessThanOrEqual(8);
        for (const address of addresses) expect(address).toMatch(/^\//);
      }
    }),
  );
});
