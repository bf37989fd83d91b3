/** Asks an S3 server what it does, through the SDK, and answers a table. */
import { randomUUID } from "node:crypto";
import { accessChecks } from "./access.ts";
import { bodyChecks } from "./bodies.ts";
import type { Bench, Check, Endpoint, Server } from "./check.ts";
import { clientOf } from "./clients.ts";
import { conditionChecks } from "./conditions.ts";
import { corsChecks } from "./cors.ts";
import { keyChecks } from "./keys.ts";
import { listingChecks } from "./listing.ts";
import { multipartChecks } from "./multipart.ts";
import { objectChecks } from "./objects.ts";
import { raceChecks } from "./races.ts";
import { readChecks } from "./reads.ts";

/** In the order in which they are asked: some go on with what others have left. */
export const checks: readonly Check[] = [
  ...objectChecks,
  ...readChecks,
  ...conditionChecks,
  ...bodyChecks,
  ...keyChecks,
  ...listingChecks,
  ...multipartChecks,
  ...accessChecks,
  ...corsChecks,
  ...raceChecks,
];

/** By name. */
export type Answers = Readonly<Record<string, string>>;

/** What the server ought to answer. */
export function answersOf(server: Server): Answers {
  return Object.fromEntries(checks.map(({ name, answers }) => [name, answers[server] ?? answers.aws]));
}

/** A check that cannot be asked at all answers why. */
export async function probeS3(endpoint: Endpoint): Promise<Answers> {
  const s3 = clientOf(endpoint);
  const plain = clientOf(endpoint, {
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const bench: Bench = { ...endpoint, s3, plain, bucket: `persist-probe-${randomUUID()}` };
  const answers: Record<string, string> = {};
  try {
    for (const { name, run } of checks) {
      answers[name] = await run(bench).catch((error: unknown) => `cannot be asked: ${error}`);
    }
  } finally {
    s3.destroy();
    plain.destroy();
  }
  return answers;
}
