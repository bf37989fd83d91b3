/** One round: writers are started, they or their backend are killed at a random moment, and what they leave is compared with what they were promised. */
import { inspect } from "node:util";
import type { Complaint } from "./complaints.ts";
import { type Deaths, die } from "./deaths.ts";
import type { EventLog } from "./event-log.ts";
import { judge } from "./judge.ts";
import type { Random } from "./random.ts";
import { killWhileOpening, type Stage, startSession } from "./session.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Place, Target } from "./target.ts";

export interface RoundResult extends Deaths {
  readonly acknowledged: number;
  /** Of the operations whose outcome nobody was told. */
  readonly inEffect: number;
  readonly withoutEffect: number;
  readonly complaints: readonly Complaint[];
}

export interface RoundSetting extends Stage {
  readonly target: Target;
  readonly place: Place;
  readonly log: EventLog;
  /** Whether several processes may write at once. */
  readonly shared: boolean;
  /** Nothing is there yet. */
  readonly isFirst: boolean;
  /** No other follows in this place: it is looked at from below, too. */
  readonly isLast: boolean;
}

export async function playRound(setting: RoundSetting, random: Random): Promise<RoundResult> {
  const { place } = setting;
  const complaints: Complaint[] = [];
  let interrupted = 0;
  const interruptOpening = async () => {
    interrupted++;
    complaints.push(...(await killWhileOpening(setting, setting.opening.choose(random))));
  };

  if (setting.isFirst) await interruptOpening();
  const sessions = await Promise.all(
    Array.from({ length: countWriters(setting, random) }, (_, writer) => startSession(setting, writer)),
  );
  const { killed, serversKilled } = await die(place, random.sample(sessions, sessions.length), random);
  while (random.chance(0.2)) await interruptOpening();
  await place.settled?.();

  for (const session of sessions) complaints.push(...session.complaints);
  const acknowledged = sessions.reduce((sum, session) => sum + session.acknowledged, 0);
  const found = await look(setting);
  return {
    ...found,
    acknowledged,
    killed: killed + interrupted,
    serversKilled,
    complaints: [...complaints, ...found.complaints],
  };
}

/** A server is there for many. */
function countWriters({ shared, place }: RoundSetting, random: Random): number {
  if (!shared) return 1;
  if (place.settled !== undefined) return 1 + random.below(3);
  return random.chance(0.25) ? 2 : 1;
}

async function look({ target, place, location, expected, plan, log, isLast }: RoundSetting) {
  try {
    await using store = await target.open(location);
    const judged = judge(expected, await takeSnapshot(store, log.position), plan, log);
    const copies = (await place.examineCopies?.(store, { plan, expected })) ?? [];
    const verdict = { ...judged, complaints: [...judged.complaints, ...copies] };
    if (!isLast) return verdict;
    const wrong = (await target.inspect?.(store, place)) ?? [];
    const below = wrong.map((text): Complaint => ({ kind: "failed", text }));
    return { ...verdict, complaints: [...verdict.complaints, ...(await log.reread(store)), ...below] };
  } catch (error) {
    const complaint: Complaint = { kind: "failed", text: `looking at what is left: ${inspect(error)}` };
    return { inEffect: 0, withoutEffect: 0, complaints: [complaint] };
  }
}
