/** Who dies in a round, and when: the power, writers, the server that they talk to, or both. */
import { setTimeout as pause } from "node:timers/promises";
import { chooseWorkMoment, type WorkMoment } from "./moments.ts";
import type { Random } from "./random.ts";
import type { Session } from "./session.ts";
import type { Place, Requests, Server } from "./target.ts";

/** How many. */
export interface Deaths {
  /** Writers. */
  readonly killed: number;
  readonly serversKilled: number;
}

/** Who has not opened the store yet cannot survive its server. */
const firstAcknowledgement: WorkMoment = { acknowledgement: 1, delay: 0, latest: 0 };

/** In the end no writer is left. */
export async function die(place: Place, sessions: readonly Session[], random: Random): Promise<Deaths> {
  if (place.cutPower !== undefined) return cutPower(place.cutPower, sessions, random);
  if (place.requests !== undefined && random.chance(0.75)) return killAtRequest(place.requests, sessions, random);
  if (place.server === undefined || random.chance(1 / 3)) return killWriter(sessions, random);
  return random.chance(0.5) ? killServer(place.server, sessions, random) : killBoth(place.server, sessions, random);
}

async function cutPower(cut: NonNullable<Place["cutPower"]>, sessions: readonly Session[], random: Random) {
  await sessions[0]?.reach(chooseWorkMoment(random));
  await Promise.all(sessions.map((session) => session.freeze()));
  await cut(async () => void (await Promise.all(sessions.map((session) => session.kill()))));
  return { killed: sessions.length, serversKilled: 0 };
}

/** The others work on beside what the dead one has left. */
async function killWriter([victim, ...survivors]: readonly Session[], random: Random): Promise<Deaths> {
  if (victim === undefined) return { killed: 0, serversKilled: 0 };
  await victim.reach(chooseWorkMoment(random));
  await victim.kill();
  return { killed: 1 + (await end(survivors, random)), serversKilled: 0 };
}

/** Between two requests, wherever in an operation that is: the last one was not done, or nobody was told that it was. */
async function killAtRequest(requests: Requests, all: readonly Session[], random: Random): Promise<Deaths> {
  const [victim, ...survivors] = all;
  if (victim === undefined) return { killed: 0, serversKilled: 0 };
  await victim.reach(firstAcknowledgement);
  const held = await requests.hold(random.magnitude(1000), 2000);
  await victim.kill();
  held.release(random.chance(0.5) ? "done" : "lost");
  return { killed: 1 + (await end(survivors, random)), serversKilled: 0 };
}

/** The writers work on with the one that is started in its place. */
async function killServer(server: Server, sessions: readonly Session[], random: Random): Promise<Deaths> {
  await reachOutage(sessions, random);
  await server.kill();
  await pause(random.magnitude(300) - 1);
  await server.restart();
  return { killed: await end(sessions, random), serversKilled: 1 };
}

/** One right after the other, so that nobody is told what became of what was under way. */
async function killBoth(server: Server, sessions: readonly Session[], random: Random): Promise<Deaths> {
  await reachOutage(sessions, random);
  const apart = random.magnitude(50) - 1;
  const isServerFirst = random.chance(0.5);
  await Promise.all([
    pause(isServerFirst ? 0 : apart).then(() => server.kill()),
    pause(isServerFirst ? apart : 0).then(() => killAll(sessions)),
  ]);
  await server.restart();
  return { killed: sessions.length, serversKilled: 1 };
}

async function reachOutage(sessions: readonly Session[], random: Random): Promise<void> {
  await Promise.all(sessions.map((session) => session.reach(firstAcknowledgement)));
  await sessions[0]?.reach(chooseWorkMoment(random));
  for (const session of sessions) session.allowOutage();
}

/** After they have shown that they still work. Answers how many were killed: the others were let to end by themselves. */
async function end(sessions: readonly Session[], random: Random): Promise<number> {
  await Promise.all(sessions.map((session) => session.reach(chooseWorkMoment(random))));
  if (random.chance(0.5)) {
    await killAll(sessions);
    return sessions.length;
  }
  await Promise.all(sessions.map((session) => session.finish()));
  return 0;
}

async function killAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.kill()));
}
