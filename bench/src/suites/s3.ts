/** Blobs and kv over S3 against the AWS SDK used by hand, and what each operation costs in requests. */
import { type Bar, type Figure, figureOf, median, ratios } from "../figure.ts";
import { withVersion } from "../machine.ts";
import { type ContenderName, contenderNames } from "../s3/contender.ts";
import { heapLimit, type S3Lane, startLane } from "../s3/lane.ts";
import { requestFigures } from "../s3/request-counts.ts";
import { startBenchServer } from "../s3/server.ts";
import type { Done, Task } from "../s3/task.ts";
import type { Suite } from "../suite.ts";

const megabyte = 2 ** 20;
const small = { count: 1000, atOnce: 50 };

const titles = {
  "set JSON": "kv.set of 200 bytes",
  "get JSON": "kv.get of 200 bytes",
  "put small": "blobs.put of 200 bytes",
  "get small": "blobs.get of 200 bytes",
} as const;

interface Race {
  readonly what: string;
  readonly task: Task;
  readonly bar: Bar;
  /** How often each takes its turn; with `--quick`. */
  readonly rounds: readonly [full: number, quick: number];
}

const sizes = [
  { name: "1 MB", bytes: megabyte, rounds: [61, 15] },
  { name: "64 MB", bytes: 64 * megabyte, rounds: [11, 3] },
  { name: "1 GB", bytes: 1024 * megabyte, rounds: [3, 1] },
] as const;

const races: readonly Race[] = [
  ...sizes.flatMap(({ name, bytes, rounds }) =>
    (["put", "get"] as const).map((what) => ({
      what: `${what} ${name}`,
      task: { do: what, bytes },
      bar: { atLeast: 0.95 },
      rounds,
    })),
  ),
  // The SDK by hand verifies nothing, and what is verified costs: so the rest is also told by itself.
  ...sizes.slice(1).map(
    ({ name, bytes, rounds }): Race => ({
      what: `get ${name} but for its last byte, which nobody verifies`,
      task: { do: "get beginning", bytes },
      bar: { atLeast: 0.95 },
      rounds,
    }),
  ),
  ...(["set JSON", "get JSON", "put small", "get small"] as const).map(
    (what): Race => ({
      what: `${titles[what]}, ${small.count}, ${small.atOnce} at once`,
      task: { do: what, ...small },
      bar: { atLeast: 0.9 },
      rounds: [11, 3],
    }),
  ),
];

/** All of them in turn, round after round; each round begins with another one, and the first is not counted. */
async function takeTurns(lanes: readonly S3Lane[], { task, rounds }: Race, quick: boolean) {
  const done = new Map<ContenderName, Done[]>(lanes.map(({ name }) => [name, []]));
  const count = rounds[quick ? 1 : 0];
  const first = count > 1 ? -1 : 0;
  for (let round = first; round < count; round++) {
    for (let i = 0; i < lanes.length; i++) {
      const lane = lanes[(round + 1 + i) % lanes.length] as S3Lane;
      const result = await lane.run(task);
      if (round >= 0) done.get(lane.name)?.push(result);
    }
  }
  return [done.get("persist") ?? [], done.get("SDK") ?? []] as const;
}

function compare({ what, task, bar }: Race, ours: readonly Done[], theirs: readonly Done[]): Figure {
  const units = "bytes" in task ? task.bytes / megabyte : task.count;
  const unit = "bytes" in task ? "MB/s" : "1/s";
  const rates = (done: readonly Done[]) => done.map(({ milliseconds }) => (units * 1000) / milliseconds);
  const show = (done: readonly Done[]) => `${median(rates(done)).toPrecision(3)} ${unit}`;
  return figureOf(ratios(rates(ours), rates(theirs)), {
    what,
    against: "SDK",
    unit: "×",
    bar,
    orientation: { persist: show(ours), other: show(theirs) },
  });
}

function heapFigure(heaps: ReadonlyMap<ContenderName, number>): Figure {
  const megabytes = (name: ContenderName) => (heaps.get(name) ?? 0) / 1_000_000;
  return figureOf([megabytes("persist")], {
    what: "heap at its greatest, over all of that",
    against: "",
    unit: "MB",
    bar: { atMost: 128 },
    orientation: { other: `${megabytes("SDK").toFixed(0)} MB` },
  });
}

export const s3: Suite = {
  title: "Blobs and kv over S3",
  notes: [
    `Each contender is a process of its own with ${heapLimit}, and all of them take turns on one server.`,
    'persist: createStore({ adapter: "s3" }) with its defaults: it makes and checks SHA-256, and every write is conditional',
    "SDK: PutObject and GetObject, and Upload of lib-storage above 1 MB, with parts of 8 MiB; no condition, no SHA-256",
    ["@aws-sdk/client-s3", "@aws-sdk/lib-storage"].map(withVersion).join(", "),
  ],

  async run({ quick, progress }) {
    await using server = await startBenchServer();
    progress(`on ${server.name}`);
    const lanes: S3Lane[] = [];
    for (const name of contenderNames) lanes.push(await startLane(name, server.bucket));
    const figures: Figure[] = [];
    const heaps = new Map<ContenderName, number>();
    for (const race of races) {
      progress(race.what);
      const [persist, sdk] = await takeTurns(lanes, race, quick);
      heaps.set("persist", persist.at(-1)?.heap ?? 0);
      heaps.set("SDK", sdk.at(-1)?.heap ?? 0);
      figures.push(compare(race, persist, sdk));
    }
    for (const lane of lanes) await lane.end();
    figures.push(heapFigure(heaps));
    for (const feed of [false, true]) {
      progress(`counting requests${feed ? ", with feed: true" : ""}`);
      figures.push(...(await requestFigures(feed)));
    }
    return figures;
  },
};
