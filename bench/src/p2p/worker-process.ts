/** A peer in a process of its own: `worker-process.ts CONTENDER`. It answers its parent's calls, several at once, until that lets go of it. */
import { mkdir } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { inspect } from "node:util";
import { type ContenderName, contenders } from "./contenders.ts";
import type { OpenPeer, Peer } from "./peer.ts";
import { digestOf } from "./record.ts";
import type { Answer, Call, PeerCalls } from "./worker.ts";

const name = process.argv[2] as ContenderName;
const openPeer: OpenPeer = await contenders[name]();
let opened: Peer | undefined;

const peer = () => opened ?? missing("peer");
const content = () => peer().content ?? missing("exchange of contents");

function missing(what: string): never {
  throw new Error(`${name} has no ${what}`);
}

/** In milliseconds: it is looked so often how much of a processor was used. */
const restInterval = 100;

/** Until it has used less than a tenth of a processor for twice as long. */
async function untilRest(): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    const before = process.cpuUsage();
    await setTimeout(restInterval);
    const { user, system } = process.cpuUsage(before);
    quiet = user + system < restInterval * 100 ? quiet + 1 : 0;
  }
}

const calls: PeerCalls = {
  async open(folder) {
    await opened?.close();
    await mkdir(folder, { recursive: true });
    opened = await openPeer(folder);
  },
  write: (batch) => peer().write(batch),
  address: () => peer().address(),
  connect: (to) => peer().connect(to),
  arrived: (writes) => peer().arrived(writes),
  rest: untilRest,
  digest: async () => digestOf(await peer().records()),
  memory: async () => process.memoryUsage.rss(),
  offerContent: (bytes) => content().offer(bytes),
  contentArrived: (bytes) => content().arrived(bytes),
  contentDigest: () => content().digest(),
};

async function answer({ id, name, argument }: Call): Promise<Answer> {
  try {
    const call = calls[name] as (argument: unknown) => Promise<unknown>;
    return { id, value: await call(argument) };
  } catch (error) {
    return { id, error: inspect(error) };
  }
}

process.on("message", async (call: Call) => {
  const answered = await answer(call);
  process.send?.(answered);
});
// What a library leaves behind does not keep the process.
process.once("disconnect", () => void Promise.resolve(opened?.close()).finally(() => process.exit()));
process.send?.("ready");
