/** What it takes to follow a store: where it stands, what changed, and the hint that something has. */
import type { Support } from "../api/capabilities.ts";
import { beginCall, type Call } from "../calls.ts";
import type { ChangePage, MaybePromise } from "../contract.ts";
import { PersistError } from "../errors.ts";

export interface FeedVerbs {
  readonly adapter: string;
  /** `"absent"`: the backend does not write down what changes. Waking and closing are there all the same: events have an order of their own. */
  readonly support: Support;
  latest(call: Call): MaybePromise<string>;
  changes(since: string | undefined, limit: number, call: Call): MaybePromise<ChangePage>;
  sweep(call: Call): MaybePromise<{ readonly more: boolean }>;
  /** Calls back when something may have changed. Returns what ends that. */
  wake(onWake: () => void): () => void;
  /** Calls back when the store begins to close. Returns what ends that. */
  onClosing(end: () => void): () => void;
}

export interface Feed extends Omit<FeedVerbs, "adapter" | "support" | "sweep"> {
  /** Throws UNSUPPORTED where nobody can ask what changed. To be called before anything that is made of `latest` and `changes`. */
  ensureKept(operation: string, key?: string): void;
  /** To be called by whoever watches, again and again: what has expired is swept once a second, so that it is told in time. */
  tend(): void;
}

/** Between two sweeps; after one that failed. In milliseconds. */
const interval = 1000;
const longInterval = 60_000;

export function createFeed({ adapter, support, sweep, ...verbs }: FeedVerbs): Feed {
  let isSweeping = false;
  let notBefore = Number.NEGATIVE_INFINITY;

  const sweepAll = async () => {
    isSweeping = true;
    let pause = interval;
    try {
      while ((await sweep(beginCall("sweep", undefined, undefined))).more);
    } catch {
      pause = longInterval; // or the store is closing: nothing depends on it
    }
    notBefore = performance.now() + pause;
    isSweeping = false;
  };

  return {
    ...verbs,
    ensureKept(operation, key) {
      if (support !== "absent") return;
      throw new PersistError(
        "UNSUPPORTED",
        `${operation}: this store does not keep what changes (capabilities.watch is absent). On S3, make it with feed: true; or follow events.subscribe, which works everywhere.`,
        { adapter, operation, key },
      );
    },
    tend() {
      if (!isSweeping && performance.now() >= notBefore) void sweepAll();
    },
  };
}
