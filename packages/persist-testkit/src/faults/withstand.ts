/** Whether a store withstands a fault: what it says afterwards is true, nothing acknowledged is lost, nothing is half there, and it goes on. */
import { type ErrorCode, PersistError, type Store } from "@cuitty/persist-core";
import { fail, holds } from "../assertions.ts";
import { type Clock, createClock } from "../clock.ts";
import { isEqual } from "../equality.ts";
import { show } from "../show.ts";
import { type Act, lookAtAll, type Stored, steps } from "./acts.ts";
import { turns } from "./faulty.ts";

/** A place whose backend can be made to fail. */
export interface Victim {
  /** Opens what is stored here. From here on calls are counted. */
  open(clock: Clock): Promise<Store>;
  /** Ends what is open; where something hangs in it, as if the process had died. */
  end(store: Store, hangs: boolean): Promise<void>;
}

export interface Fault {
  /** Whether it has struck. */
  readonly struck: boolean;
  /** Whether it leaves calls without an answer. */
  readonly hangs: boolean;
  /** How a call that fails by it is told. Default: `UNAVAILABLE`. */
  readonly code?: ErrorCode;
  /** Calls back when it strikes. */
  onStrike: () => void;
  /** From now on all goes well. */
  heal(): void;
}

/** What became of an act: `undefined`: all right. */
type Outcome = PersistError | undefined;

/** Does everything; the fault strikes once on the way. Where it `reopens`, the store is closed and opened again after that. */
export async function withstand(victim: Victim, fault: Fault, { reopens }: { reopens: boolean }): Promise<void> {
  const clock = createClock();
  let stored: Stored = { kv: new Map(), records: new Map(), blobs: new Map(), events: [] };
  let store = await victim.open(clock);
  let isOver = false;

  for (const step of steps) {
    if (typeof step === "function") {
      step(clock);
      stored.kv.delete("lives");
      continue;
    }
    const outcomes = await perform(store, step, fault);
    if (isOver || !fault.struck) {
      expectSuccess(step, outcomes);
      for (const act of step) act.change?.(stored);
      continue;
    }
    isOver = true;
    fault.heal();
    if (fault.hangs || reopens) {
      await victim.end(store, fault.hangs);
      store = await victim.open(clock);
    }
    const found = await lookAtAll(store);
    const happened = whichHappened(stored, step, outcomes, found, fault.code ?? "UNAVAILABLE");
    await expectVersions(store, step, outcomes, happened);
    stored = found;
    // What did not happen can be done now, and is no conflict with itself.
    const again = step.filter((_, i) => !happened[i]);
    expectSuccess(again, await perform(store, again, fault));
    for (const act of again) act.change?.(stored);
  }
  fault.heal();
  expectSame(await lookAtAll(store), stored, "in the end");
  await victim.end(store, false);
  store = await victim.open(clock);
  expectSame(await lookAtAll(store), stored, "after opening again");
  await victim.end(store, false);
}

async function perform(store: Store, step: readonly Act[], fault: Fault): Promise<Outcome[]> {
  const leaving = new AbortController();
  fault.onStrike = () => {
    // Others that are under way still arrive.
    if (fault.hangs) void turns(20).then(() => leaving.abort());
  };
  return Promise.all(
    step.map((act) =>
      act.run(store, { signal: leaving.signal }).then(
        () => undefined,
        (error: unknown) => (PersistError.is(error) ? error : fail(`${act.name} failed with ${show(error)}`)),
      ),
    ),
  );
}

function expectSuccess(step: readonly Act[], outcomes: readonly Outcome[]): void {
  for (const [i, error] of outcomes.entries()) {
    if (error !== undefined) fail(`${step[i]?.name}, with which nothing was the matter, failed with ${explain(error)}`);
  }
}

/** Which of the acts are in effect, by what is found; it has to fit what was said of each. */
function whichHappened(
  before: Stored,
  step: readonly Act[],
  outcomes: readonly Outcome[],
  found: Stored,
  code: ErrorCode,
): boolean[] {
  for (const [i, error] of outcomes.entries()) {
    const isFair = error === undefined || [code, "ABORTED", "TIMEOUT"].includes(error.code);
    if (!isFair) fail(`${step[i]?.name} failed with ${explain(error)}, where a call to the backend had failed`);
  }
  for (let choice = 0; choice < 2 ** step.length; choice++) {
    const happened = step.map((_, i) => (choice & (1 << i)) !== 0);
    const isSaid = outcomes.every((error, i) =>
      error === undefined ? happened[i] : error.outcome === "unknown" || !happened[i] || step[i]?.change === undefined,
    );
    if (!isSaid) continue;
    const stored = copy(before);
    for (const [i, act] of step.entries()) if (happened[i]) act.change?.(stored);
    if (isSame(stored, found)) return happened;
  }
  const said = step.map(({ name }, i) => `${name}: ${outcomes[i] === undefined ? "done" : explain(outcomes[i])}`);
  return fail(
    `what is stored does not fit what was said.\n${said.join("\n")}\nbefore: ${show(before, 6)}\nnow: ${show(found, 6)}`,
  );
}

/** An error names the version that its write has if it happened. */
async function expectVersions(
  store: Store,
  step: readonly Act[],
  outcomes: readonly Outcome[],
  happened: readonly boolean[],
): Promise<void> {
  for (const [i, { name, version }] of step.entries()) {
    const error = outcomes[i];
    if (error?.outcome !== "unknown" || version === undefined) continue;
    holds(error.version !== undefined, `${name}, whose outcome is unknown, tells its version`);
    const isTheirs = (await version(store)) === error.version;
    holds(isTheirs === happened[i], `the version that ${name} told is there exactly if it happened`);
  }
}

function expectSame(found: Stored, expected: Stored, when: string): void {
  if (!isSame(found, expected)) fail(`what is stored ${when}: expected ${show(expected, 6)}, found ${show(found, 6)}`);
}

/** The order in which events of different streams were appended at once is open. */
function isSame(a: Stored, b: Stored): boolean {
  const sorted = ({ kv, records, blobs, events }: Stored) => ({
    kv: [...kv].sort(byKey),
    records: [...records].sort(byKey),
    blobs: [...blobs].sort(byKey),
    events: events.map(String).sort(),
  });
  return isEqual(sorted(a), sorted(b));
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function copy({ kv, records, blobs, events }: Stored): Stored {
  return { kv: new Map(kv), records: new Map(records), blobs: new Map(blobs), events: [...events] };
}

function explain(error: PersistError): string {
  return `${error.code} (${error.outcome}): ${error.message}`;
}
