/** Two peers of one contender, with a gate between them. */
import { strictEqual } from "node:assert";
import { join } from "node:path";
import type { ContenderName } from "./contenders.ts";
import { type Gate, makeGate } from "./gate.ts";
import { type PeerLane, startPeer } from "./lane.ts";
import { type Meeting, meet } from "./meeting.ts";
import { type Batch, digestAfter } from "./record.ts";

export interface Pair extends AsyncDisposable {
  readonly writer: PeerLane;
  readonly reader: PeerLane;
  readonly gate: Gate;
  /** At the writer, while they are apart. */
  write(batch: Batch): Promise<void>;
  /** Connects them, until all that was written has arrived. */
  meet(): Promise<Meeting>;
  /** Throws unless both hold what was written. */
  check(): Promise<void>;
  /** Of one process, in bytes: the mean of both. */
  memory(): Promise<number>;
}

/**
 * Both processes have done the same once before, with a hundred records in other folders: so their code is compiled, as that of a program is that runs.
 */
export async function startPair(name: ContenderName, folder: string): Promise<Pair> {
  const processes = await Promise.all([startPeer(name), startPeer(name)]);
  try {
    await rehearse(processes, join(folder, "rehearsal"));
    const pair = await openPair(processes, folder);
    return {
      ...pair,
      async [Symbol.asyncDispose]() {
        await pair.gate.close();
        await endAll(processes);
      },
    };
  } catch (error) {
    await endAll(processes);
    throw error;
  }
}

async function rehearse(processes: readonly [PeerLane, PeerLane], folder: string): Promise<void> {
  await using pair = await openPair(processes, folder);
  await pair.write({ first: 0, count: 100, revision: 0 });
  await pair.meet();
}

export async function endAll(processes: readonly PeerLane[]): Promise<void> {
  await Promise.all(processes.map((process) => process.end()));
}

/** In these processes, which go on when it is disposed. */
export async function openPair([writer, reader]: readonly [PeerLane, PeerLane], folder: string): Promise<Pair> {
  await Promise.all([writer.open(join(folder, "writer")), reader.open(join(folder, "reader"))]);
  const gate = await makeGate((await writer.address()).port);
  const batches: Batch[] = [];
  return {
    writer,
    reader,
    gate,
    async write(batch: Batch) {
      batches.push(batch);
      await writer.write(batch);
    },
    meet: () =>
      meet(
        { writer, reader, gate },
        batches.reduce((sum, { count }) => sum + count, 0),
      ),
    async check() {
      const expected = digestAfter(batches);
      strictEqual(await writer.digest(), expected, `${writer.name}: the writer does not hold what was written`);
      strictEqual(await reader.digest(), expected, `${reader.name}: the reader does not hold what was written`);
    },
    memory: async () => ((await writer.memory()) + (await reader.memory())) / 2,
    [Symbol.asyncDispose]: () => gate.close(),
  };
}
