/** What it takes ours to notice little: bytes, round trips and time, where two hold nearly the same. What a connection and a proof of membership take is measured beside it and taken off. */
import { strictEqual } from "node:assert";
import { join } from "node:path";
import { type Bar, type Figure, figureOf } from "../figure.ts";
import { shown } from "../growth/compare-sizes.ts";
import type { SuiteOptions } from "../suite.ts";
import { makeGate } from "./gate.ts";
import { type PeerLane, startPeer } from "./lane.ts";
import { type Meeting, meet } from "./meeting.ts";
import { endAll, type Pair, startPair } from "./pair.ts";
import { type Batch, digestAfter } from "./record.ts";

const changes = 10;
/** In milliseconds, in each direction: so long that round trips can be counted by it. */
const distance = 100;

export interface Reconnections {
  readonly records: number;
  readonly rounds: number;
}

type Place = Pick<SuiteOptions, "folder" | "progress">;

export async function reconnectionFigures(o: Reconnections, { folder, progress }: Place): Promise<Figure[]> {
  const { records, rounds } = o;
  await using ours = await startPair("persist", join(folder, "reconnection"));
  await using bare = await startPair("libp2p", join(folder, "bare"));
  progress(`connecting again with ${records} records`);
  await ours.write({ first: 0, count: records, revision: 0 });
  await ours.meet();
  await bare.meet();

  const unchanged: Difference[] = [];
  const changed: Difference[] = [];
  for (let round = 1; round <= rounds; round++) {
    unchanged.push(await difference(ours, bare));
    ours.gate.cut();
    await ours.write({ first: round * 20, count: changes, revision: round });
    changed.push(await difference(ours, bare));
  }
  const trips = [];
  for (const pair of [ours, bare]) pair.gate.delay(distance);
  for (let round = rounds + 1; round <= rounds + 3; round++) {
    ours.gate.cut();
    await ours.write({ first: round * 20, count: changes, revision: round });
    trips.push((await difference(ours, bare)).milliseconds / (2 * distance));
  }
  await ours.check();

  const what = `connect again, ${changes} of ${shown(records)} changed`;
  return [
    bytesFigure(`connect again, ${shown(records)} unchanged: bytes`, unchanged, { atMost: 400 }),
    bytesFigure(`${what}: bytes`, changed, { atMost: 2048 }),
    figureOf(trips, {
      what: `${what}: round trips`,
      against: "bare libp2p",
      unit: "round trips",
      bar: { atMost: 1.5 },
      orientation: {},
    }),
    timeFigure(`${what}: time`, changed, undefined),
  ];
}

/** Three stores: two have all from the third and have never met; then one of the two changes ten records. */
export async function firstContactFigures(
  { records, rounds }: Reconnections,
  { folder, progress }: Place,
): Promise<Figure[]> {
  await using bare = await startPair("libp2p", join(folder, "bare-first"));
  await bare.meet();
  const differences: Difference[] = [];
  for (let round = 0; round < rounds; round++) {
    progress(`first contact with ${records} records, round ${round + 1} of ${rounds}`);
    const meeting = await firstContact(records, join(folder, `first-${round}`));
    bare.gate.cut();
    differences.push(beyond(meeting, await bare.meet()));
  }
  const what = `first contact, ${changes} of ${shown(records)} differ`;
  return [
    bytesFigure(`${what}: bytes`, differences, { atMost: 12 * 1024 }),
    timeFigure(`${what}: time`, differences, { atMost: 60 }),
  ];
}

async function firstContact(records: number, folder: string): Promise<Meeting> {
  const processes = await Promise.all([startPeer("persist"), startPeer("persist"), startPeer("persist")]);
  const [source, writer, reader] = processes as [PeerLane, PeerLane, PeerLane];
  const all: Batch = { first: 0, count: records, revision: 0 };
  const later: Batch = { first: records >> 1, count: changes, revision: 1 };
  try {
    for (const [i, peer] of processes.entries()) await peer.open(join(folder, String(i)));
    await source.write(all);
    const origin = await makeGate((await source.address()).port);
    for (const peer of [writer, reader]) {
      await meet({ writer: source, reader: peer, gate: origin }, records);
      origin.cut();
    }
    await origin.close();
    await source.end();
    await writer.write(later);
    const gate = await makeGate((await writer.address()).port);
    const meeting = await meet({ writer, reader, gate }, records + changes);
    await gate.close();
    for (const peer of [writer, reader]) strictEqual(await peer.digest(), digestAfter([all, later]));
    return meeting;
  } finally {
    await endAll(processes);
  }
}

/** What ours has taken more than a bare connection. */
interface Difference extends Meeting {
  readonly whole: Meeting;
}

async function difference(ours: Pair, bare: Pair): Promise<Difference> {
  for (const { gate } of [ours, bare]) gate.cut();
  return beyond(await ours.meet(), await bare.meet());
}

function beyond(whole: Meeting, bare: Meeting): Difference {
  return { milliseconds: whole.milliseconds - bare.milliseconds, bytes: whole.bytes - bare.bytes, whole };
}

function bytesFigure(what: string, differences: readonly Difference[], bar: Bar): Figure {
  return figureOf(
    differences.map(({ bytes }) => bytes),
    { what, against: "bare libp2p", unit: "B", bar, orientation: whole(differences, ({ bytes }) => `${bytes} B`) },
  );
}

function timeFigure(what: string, differences: readonly Difference[], bar: Bar | undefined): Figure {
  return figureOf(
    differences.map(({ milliseconds }) => milliseconds),
    {
      what,
      against: "bare libp2p",
      unit: "ms",
      bar,
      orientation: whole(differences, ({ milliseconds }) => `${milliseconds.toFixed(0)} ms`),
    },
  );
}

function whole(differences: readonly Difference[], show: (whole: Meeting) => string): Record<string, string> {
  const last = differences.at(-1);
  return last === undefined ? {} : { "with connecting": show(last.whole) };
}
