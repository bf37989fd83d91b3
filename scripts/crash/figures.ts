/** What a run comes to. */
import { type Complaint, type ComplaintKind, complaintKinds } from "./complaints.ts";
import type { RoundResult } from "./round.ts";

export interface Figures extends Readonly<Record<ComplaintKind, number>> {
  readonly rounds: number;
  /** Writers. */
  readonly killed: number;
  readonly serversKilled: number;
  /** Operations. */
  readonly acknowledged: number;
  /** Operations that the kill cut off, and that are in effect all the same: wholly, unless counted in `half`. */
  readonly inEffect: number;
  /** Operations that the kill cut off, and that are not in effect at all. */
  readonly withoutEffect: number;
}

export const noFigures: Figures = {
  rounds: 0,
  killed: 0,
  serversKilled: 0,
  acknowledged: 0,
  inEffect: 0,
  withoutEffect: 0,
  lost: 0,
  torn: 0,
  half: 0,
  disorder: 0,
  failed: 0,
};

export function addRound(figures: Figures, result: RoundResult): Figures {
  const sum = {
    ...figures,
    rounds: figures.rounds + 1,
    killed: figures.killed + result.killed,
    serversKilled: figures.serversKilled + result.serversKilled,
    acknowledged: figures.acknowledged + result.acknowledged,
    inEffect: figures.inEffect + result.inEffect,
    withoutEffect: figures.withoutEffect + result.withoutEffect,
  };
  for (const { kind } of result.complaints) sum[kind]++;
  return sum;
}

/** Who has not promised much cannot have broken much: a run with fewer acknowledged operations per round proves nothing. */
const leastAcknowledged = 5;

/** Why the run does not count as passed; `undefined` where it does. */
export function shortcoming(figures: Figures): string | undefined {
  const wrong = complaintKinds.filter((kind) => figures[kind] > 0);
  if (wrong.length > 0) return `not 0: ${wrong.join(", ")}`;
  if (figures.acknowledged < figures.rounds * leastAcknowledged) {
    return `fewer than ${leastAcknowledged} acknowledged operations per round: this proves nothing`;
  }
  return undefined;
}

export function describeFigures(figures: Figures): string {
  const count = (number: number) => number.toLocaleString("en").replaceAll(",", " ");
  const wrong = complaintKinds.map((kind) => `${kind} ${count(figures[kind])}`).join(", ");
  return `rounds ${count(figures.rounds)}, acknowledged ${count(figures.acknowledged)}, ${wrong}`;
}

export function describeComplaint({ kind, text }: Complaint): string {
  return `  ${kind.padEnd(8)} ${text}`;
}
