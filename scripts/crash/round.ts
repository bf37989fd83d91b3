/** One round: writers are started, killed at a random moment, and what they leave is compared with what they were promised. */
import { inspect } from "node:util";
import type { Complaint } from "./complaints.ts";
import type { EventLog } from "./event-log.ts";
import { judge } from "./judge.ts";
import { chooseWorkMoment } from "./moments.ts";
import type { Random } from "./random.ts";
import { killWhileOpening, type Stage, startSession } from "./session.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Place, Target } from "./target.ts";

export interface RoundResult {
  readonly acknowledged: number;
  /** Of the operations that the kill cut off. */
  readonly inEffect: number;
  readonly withoutEffect: number;
  /** Processes. */
  readonly killed: number;
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
  let killed = 0;
  const interruptOpening = async () => {
    killed++;
    complaints.push(...(await killWhileOpening(setting, setting.opening.choose(random))));
  };

  if (setting.isFirst) await interruptOpening();
  const sessions = await Promise.all(
    Array.from({ length: setting.shared && random.chance(0.25) ? 2 : 1 }, (_, writer) => startSession(setting, writer)),
  );
  const [victim, survivor] = random.sample(sessions, sessions.length);
  if (victim !== undefined) await victim.reach(chooseWorkMoment(random));
  if (place.cutPower !== undefined) {
    await Promise.all(sessions.map((session) => session.freeze()));
    await place.cutPower(async () => void (await Promise.all(sessions.map((session) => session.kill()))));
    killed += sessions.length;
  } else if (victim !== undefined) {
    await victim.kill();
    killed++;
  }
  if (survivor !== undefined && place.cutPower === undefined) {
    // It works on beside what the dead one has left.
    await survivor.reach(chooseWorkMoment(random));
    if (random.chance(0.5)) await survivor.finish();
    else {
      await survivor.kill();
      killed++;
    }
  }
  while (random.chance(0.2)) await interruptOpening();

  for (const session of sessions) complaints.push(...session.complaints);
  const acknowledged = sessions.reduce((sum, session) => sum + session.acknowledged, 0);
  const found = await look(setting);
  return { ...found, acknowledged, killed, complaints: [...complaints, ...found.complaints] };
}

async function look({ target, location, expected, plan, log, isLast }: RoundSetting) {
  try {
    await using store = await target.open(location);
    const verdict = judge(expected, await takeSnapshot(store, log.position), plan, log);
    if (!isLast) return verdict;
    const below = (target.inspect?.(store) ?? []).map((text): Complaint => ({ kind: "failed", text }));
    return { ...verdict, complaints: [...verdict.complaints, ...(await log.reread(store)), ...below] };
  } catch (error) {
    const complaint: Complaint = { kind: "failed", text: `looking at what is left: ${inspect(error)}` };
    return { inEffect: 0, withoutEffect: 0, complaints: [complaint] };
  }
}
