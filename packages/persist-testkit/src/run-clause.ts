import { Absent, type Clause, Skip } from "./clause.ts";
import { type Context, createContext } from "./context.ts";
import type { Budget } from "./harness.ts";
import type { Session } from "./session.ts";

export type Outcome =
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly error: unknown }
  | { readonly status: "absent" | "skipped"; readonly reason: string };

/** How long a clause may take, in milliseconds: an adapter that hangs must not hang the kit, and one that is slow, on a machine that has much else to do, does not hang. */
export const timeLimits: Readonly<Record<Budget, number>> = {
  quick: 3 * 60_000,
  full: 15 * 60_000,
  soak: 12 * 3_600_000,
};

/** Runs the clause and ends what it has opened. Never throws. */
export async function runClause(clause: Clause, session: Session): Promise<Outcome> {
  const { context, end } = createContext(session);
  const limit = timeLimits[session.budget];
  const outcome = await inTime(limit, judge(clause, context));
  const ending = await inTime(limit, settle(end()));
  return outcome.status === "failed" ? outcome : ending.status === "failed" ? ending : outcome;
}

async function judge(clause: Clause, context: Context): Promise<Outcome> {
  try {
    await clause.run(context);
    return { status: "passed" };
  } catch (error) {
    if (error instanceof Absent) return { status: "absent", reason: error.message };
    return error instanceof Skip ? { status: "skipped", reason: error.message } : { status: "failed", error };
  }
}

async function settle(work: Promise<void>): Promise<Outcome> {
  try {
    await work;
    return { status: "passed" };
  } catch (cause) {
    return { status: "failed", error: new Error("what the clause had opened could not be closed", { cause }) };
  }
}

async function inTime(limit: number, work: Promise<Outcome>): Promise<Outcome> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ status: "failed", error: new Error(`did not end within ${limit} ms`) }), limit);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
