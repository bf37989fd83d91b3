/** One peer connects to another, and both go on until what was written has arrived. */
import type { Gate } from "./gate.ts";
import type { PeerLane } from "./lane.ts";

export interface Meeting {
  /** From the opening of the gate until the reader has all: to connect is part of it. */
  readonly milliseconds: number;
  /** Through the gate, in both directions, until nothing comes any more. */
  readonly bytes: number;
}

export interface Meeters {
  readonly writer: PeerLane;
  readonly reader: PeerLane;
  /** In front of the writer. */
  readonly gate: Gate;
}

/** `writes`: how many the reader must have seen since its peer was opened. What a library does by itself after writing or opening is waited for. */
export async function meet({ writer, reader, gate }: Meeters, writes: number): Promise<Meeting> {
  const rest = () => Promise.all([writer.rest(), reader.rest()]);
  await rest();
  const before = gate.bytes();
  const connected = reader.connect({ ...(await writer.address()), port: gate.port });
  await Promise.race([gate.waited(), failureOf(connected)]);
  const arrived = reader.arrived(writes);
  await rest();
  const started = performance.now();
  gate.open();
  await Promise.race([Promise.all([connected, arrived]), writer.died]);
  const milliseconds = performance.now() - started;
  return { milliseconds, bytes: (await settled(gate)) - before };
}

async function failureOf(promise: Promise<unknown>): Promise<never> {
  await promise;
  return new Promise(() => undefined);
}

/** In milliseconds: nothing was sent for so long. Longer than libraries wait to send together what comes together. */
const quiet = 400;

async function settled(gate: Gate): Promise<number> {
  for (let before = -1; ; ) {
    const now = gate.bytes();
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, quiet));
  }
}
