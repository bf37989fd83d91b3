/** One replica with the process that has it open: killed, started again, put back to what it was. */
import type { SyncLimits } from "../../src/sync/limits.ts";
import { createSyncer, type Syncer } from "../../src/sync/syncer.ts";
import { createModelReplica, type ModelReplica, type ModelState } from "./model-replica.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface Node {
  readonly name: string;
  readonly replica: ModelReplica;
  /** `undefined` while no process runs. */
  readonly syncer: Syncer | undefined;
  /** Milliseconds that its clock is ahead. */
  skew: number;
  start(): void;
  /** At once, whatever it is at. What it has committed stays. */
  kill(): void;
  /** Puts an earlier state in place of the present one. Only while no process runs. */
  restore(state: ModelState): void;
}

export interface NodeOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly limits: Partial<SyncLimits>;
  /** Whether what is about to be stored cannot be. */
  readonly fails?: () => boolean;
  /** After each commit that was read from a peer, which is named by its replica. */
  readonly onApply?: (node: Node, hasPlace: boolean, peer: string) => void;
}

export const epoch = 1_700_000_000_000;

export function createNode(name: string, { time, random, limits, fails, onApply }: NodeOptions): Node {
  const now = (): number => Math.trunc(epoch + time.now() + node.skew);
  const opened = (from?: ModelState): ModelReplica => {
    const replica = createModelReplica({ name: random.name, now, ...(from === undefined ? {} : { from }) });
    replica.beforeApply = () => {
      if (fails?.() === true) throw new Error("the disk is full");
    };
    replica.onApply = (items, place, peer) => {
      if (items.some(({ kind }) => kind === "row")) onApply?.(node, place !== undefined, peer);
    };
    return replica;
  };
  let replica = opened();
  let running: { syncer: Syncer; end(): void } | undefined;

  const node: Node = {
    name,
    skew: 0,
    get replica() {
      return replica;
    },
    get syncer() {
      return running?.syncer;
    },
    start() {
      replica = opened(replica.saved());
      const { scheduler, end } = time.process();
      running = { syncer: createSyncer({ replica, limits, now, scheduler }), end };
    },
    kill() {
      running?.end();
      running = undefined;
      replica = opened(replica.saved());
    },
    restore(state) {
      replica = opened(state);
    },
  };
  return node;
}
