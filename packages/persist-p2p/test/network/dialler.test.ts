import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDialler, type Dialler, type DiallerOptions } from "../../src/network/dialler.ts";

interface Dial {
  readonly peer: string | undefined;
  readonly addresses: readonly string[];
  readonly at: number;
}

let dials: Dial[] = [];
let linked = new Set<string>();
let banned = new Set<string>();
let isThere = true;

beforeEach(() => {
  vi.useFakeTimers();
  dials = [];
  linked = new Set();
  banned = new Set();
  isThere = false;
});

afterEach(() => vi.useRealTimers());

function start(o: Partial<DiallerOptions> = {}): Dialler {
  const begun = Date.now();
  const dialler = createDialler({
    self: "m",
    mesh: 12,
    isLinked: (peer) => linked.has(peer),
    isBanned: (peer) => banned.has(peer),
    async dial(peer, addresses) {
      dials.push({ peer, addresses, at: Date.now() - begun });
      if (!isThere) throw new Error("nobody is there");
      linked.add(peer ?? "found");
      dialler.linked(peer ?? "found");
      return peer ?? "found";
    },
    ...o,
  });
  return dialler;
}

test("whoever is sighted is dialled at once by the smaller id, and a second later by the larger one", async () => {
  const dialler = start();
  dialler.sighted("z", ["/there"]);
  dialler.sighted("a", ["/here"]);
  await vi.advanceTimersByTimeAsync(0);
  expect(dials).toEqual([{ peer: "z", addresses: ["/there"], at: 0 }]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(dials.find(({ peer }) => peer === "a")).toMatchObject({ addresses: ["/here"], at: 1_000 });
});

test("a known address is dialled for ever, with pauses that grow to half a minute", async () => {
  start().fixed("/there", undefined);
  await vi.advanceTimersByTimeAsync(3_600_000);
  const pauses = dials.slice(1).map(({ at }, index) => at - (dials[index] as Dial).at);
  expect(pauses.length).toBeGreaterThan(100);
  expect(Math.min(...pauses.slice(0, 1))).toBeLessThanOrEqual(400);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
  expect(Math.min(...pauses.slice(20))).toBeGreaterThanOrEqual(15_000);
});

test("a sighting ends the pause, once a second", async () => {
  const dialler = start();
  dialler.sighted("z", ["/there"]);
  await vi.advanceTimersByTimeAsync(300_000);
  dials = [];
  while (dials.length === 0) await vi.advanceTimersByTimeAsync(100);
  await vi.advanceTimersByTimeAsync(1_001); // the pause is half a minute by now
  dials = [];
  isThere = true;
  dialler.sighted("z", ["/there"]);
  dialler.sighted("z", ["/there"]);
  await vi.advanceTimersByTimeAsync(0);
  expect(dials.length).toBe(1);
  expect(linked).toEqual(new Set(["z"]));
});

test("a link that ends is made again soon, also by who was called", async () => {
  isThere = true;
  const dialler = start();
  dialler.sighted("z", ["/there"]);
  await vi.advanceTimersByTimeAsync(0);
  expect(dialler.isMissing()).toBe(false);
  linked.delete("z");
  dialler.unlinked("z");
  expect(dialler.isMissing()).toBe(true);
  await vi.advanceTimersByTimeAsync(400);
  expect(linked).toEqual(new Set(["z"]));
  expect(dials.length).toBe(2);
});

test("peers that somebody makes up cause few dials, and take little memory", async () => {
  const dialler = start();
  for (let index = 0; index < 10_000; index++) dialler.sighted(`z${index}`, [`/to/${index}`]);
  await vi.advanceTimersByTimeAsync(0);
  expect(dials.length).toBeLessThanOrEqual(64);
  expect(dialler.known().length).toBeLessThanOrEqual(512);
  for (let index = 0; index < 1_000; index++) dialler.sighted("z1", [`/to/${index}`]);
  for (const { addresses } of dialler.known()) expect(addresses.length).toBeLessThanOrEqual(16);
});

test("whoever is banned, has left, or is oneself is left alone", async () => {
  banned.add("y");
  const dialler = start();
  dialler.sighted("y", ["/there"]);
  dialler.sighted("m", ["/here"]);
  dialler.sighted("z", ["/there"]);
  dialler.left("z");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(dials).toEqual([]);
  banned.clear();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(dials.length).toBeGreaterThan(0);
});

test("of many peers only some are dialled", async () => {
  isThere = true;
  const dialler = start({ mesh: 12 });
  const ids = Array.from({ length: 50 }, (_, index) => `n${String(index).padStart(2, "0")}`);
  // All are heard of before the first one is dialled.
  for (const id of ids) dialler.sighted(id, ["/there"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(linked.size).toBeGreaterThanOrEqual(2);
  expect(linked.size).toBeLessThanOrEqual(20);
});

test("nothing is dialled after it was stopped", async () => {
  const dialler = start();
  dialler.fixed("/there", undefined);
  dialler.stop();
  dialler.sighted("z", ["/there"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(dials).toEqual([]);
});
