/** What all requests to a bucket have in common. */
import type { Driver } from "./driver.ts";
import type { Findings } from "./findings.ts";
import type { Turns } from "./key-turns.ts";
import type { Retries } from "./retries.ts";

export interface Sending extends Retries {
  readonly driver: Driver;
  /** What the server was found to do. */
  readonly findings: Findings;
  readonly turns: Turns;
  readonly place: string;
  /** How long the server may be silent, in milliseconds. */
  readonly within: number;
}

/** Bytes for each millisecond that the slowest link of use moves. */
const slowest = 64;

/** How long the server may be silent while so many bytes are on their way to it. */
export const withinFor = ({ within }: Sending, bytes: number): number => within + bytes / slowest;

/** Of what the server does with large objects and answers when it is done: until the deadline. */
export const untilDeadline: number = Number.POSITIVE_INFINITY;
