/**
 * Which operation has which id. Nothing is random about it once the seed is given: writer and checker each ask the plan, so that a value that is found can be compared with
 * the one that its author must have written, however long ago.
 */
import {
  type CounterWrite,
  counterPrefix,
  type EntryWrite,
  type EventsWrite,
  laneOf,
  type Operation,
  type Way,
  type Write,
} from "./operations.ts";
import { createRandom, type Random } from "./random.ts";
import type { Target } from "./target.ts";

export interface Plan {
  operation(id: string): Operation;
}

type Kind = readonly [share: number, way: Way, writes: (choose: Choices) => readonly Write[]];

const kinds: readonly Kind[] = [
  [14, "plain", (choose) => [choose.value("kv")]],
  [8, "conditional", (choose) => [choose.value("kv")]],
  [6, "update", (choose) => [choose.value("kv")]],
  [6, "many", (choose) => choose.values("kv")],
  [10, "plain", (choose) => [choose.counter()]],
  [10, "plain", (choose) => [choose.value("records")]],
  [8, "conditional", (choose) => [choose.value("records")]],
  [6, "update", (choose) => [choose.value("records")]],
  [6, "many", (choose) => choose.values("records")],
  [8, "plain", (choose) => [choose.events()]],
  [3, "again", (choose) => [choose.events()]],
  [5, "plain", (choose) => [choose.blob()]],
  [3, "conditional", (choose) => [choose.blob()]],
  [12, "transaction", (choose) => choose.everything()],
  [3, "abandoned", (choose) => choose.everything()],
  [3, "refused", (choose) => [choose.value("records")]],
];

const deck: readonly Kind[] = kinds.flatMap((kind) => Array.from({ length: kind[0] }, () => kind));

export function createPlan(seed: string, { largeBlobs = false }: Pick<Target, "largeBlobs"> = {}): Plan {
  return {
    operation(id) {
      const random = createRandom(`${seed}/${id}`);
      const [, way, writes] = random.pick(deck);
      return { id, way, writes: writes(createChoices(id, random, largeBlobs)) };
    },
  };
}

interface Choices {
  value(facade: "kv" | "records"): EntryWrite;
  values(facade: "kv" | "records"): readonly EntryWrite[];
  blob(): EntryWrite;
  counter(): CounterWrite;
  events(): EventsWrite;
  /** Some of each facade. */
  everything(): readonly Write[];
}

// Few keys, so that most writes replace or remove something and a lost one shows.
const valueNames = Array.from({ length: 12 }, (_, i) => `v${i}`);
const blobNames = ["b0", "b1", "b2"];
/** The shortest that S3 takes. */
const partOfUpload = 5 * 1024 * 1024;
const counterNames = ["c0", "c1"];

function createChoices(id: string, random: Random, largeBlobs: boolean): Choices {
  const lane = laneOf(id);

  /** Mostly a line, sometimes more than a page of any backend holds. */
  const content = () => {
    const length = random.magnitude(random.chance(0.06) ? 100_000 : 300);
    return `é😀${Buffer.from(random.bytes(length)).toString("base64")}`;
  };
  const value = (facade: "kv" | "records", key: string): EntryWrite => ({
    facade,
    key: `${lane}/${key}`,
    value: random.chance(0.15) ? undefined : { by: id, content: content() },
  });
  const values = (facade: "kv" | "records", most: number) =>
    random.sample(valueNames, 1 + random.below(most)).map((key) => value(facade, key));
  /** Of a blob. Some are longer than one piece of any backend (256 KiB in SQLite and in the lift). */
  const size = () => {
    if (largeBlobs && random.chance(0.1)) return partOfUpload + random.below(partOfUpload);
    return random.magnitude(random.chance(0.1) ? 700_000 : 20_000) - 1;
  };
  const blob = (): EntryWrite => ({
    facade: "blobs",
    key: `${lane}/${random.pick(blobNames)}`,
    value: random.chance(0.15) ? undefined : { by: id, content: random.bytes(size()) },
  });
  const counter = (): CounterWrite => ({
    facade: "counters",
    key: counterPrefix + random.pick(counterNames),
    // Odd amounts, so that a sum tells which of them are in it.
    by: 1 + random.below(1_000_000),
  });
  const events = (): EventsWrite => ({
    facade: "events",
    stream: random.chance(0.5) ? "shared" : lane,
    events: Array.from({ length: random.chance(0.1) ? 40 : 1 + random.below(4) }, (_, i) => ({
      id: `${id}#${i}`,
      type: "written",
      data: { by: id, content: content() },
      tags: [lane],
    })),
  });

  return {
    value: (facade) => value(facade, random.pick(valueNames)),
    values: (facade) => values(facade, valueNames.length),
    blob,
    counter,
    events,
    everything: () => [...values("kv", 3), ...values("records", 3), blob(), counter(), events()],
  };
}
