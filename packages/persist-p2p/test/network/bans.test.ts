import { expect, test } from "vitest";
import { createBans } from "../../src/network/bans.ts";

test("a ban ends, the next one takes twice as long, up to a minute, until the peer is pardoned", () => {
  let now = 0;
  const bans = createBans(() => now);
  const times: number[] = [];
  for (let count = 0; count < 6; count++) {
    const time = bans.ban("a");
    times.push(time);
    now += time - 1;
    expect(bans.isBanned("a")).toBe(true);
    now += 1;
    expect(bans.isBanned("a")).toBe(false);
  }
  expect(times).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  bans.pardon("a");
  expect(bans.ban("a")).toBe(5_000);
});

test("peers that somebody makes up do not fill memory, and the latest ones are banned", () => {
  const bans = createBans(() => 0);
  for (let index = 0; index < 5_000; index++) bans.ban(`peer ${index}`);
  expect([bans.isBanned("peer 0"), bans.isBanned("peer 4999")]).toEqual([false, true]);
});
