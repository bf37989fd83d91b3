import { onTestFinished } from "vitest";
import type { Patience } from "../src/connection.ts";
import { type Opened, open } from "../src/open.ts";
import { type PostgresOptions, parseOptions } from "../src/options.ts";

/** Closed with the test. */
export async function openPostgres(options: PostgresOptions): Promise<Opened> {
  const opened = await open(parseOptions(options));
  onTestFinished(() => opened.close());
  return opened;
}

/** More than anything takes that goes well. */
export const inTime = (): Patience => ({ deadline: performance.now() + 60_000 });

/** To be met. */
export const within = (ms: number): Patience => ({ deadline: performance.now() + ms });
