/** `store.kv` over SQLite, against better-sqlite3 by hand on the same tables, and against other libraries that keep values by key in a local file. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ContenderKind, Durability } from "../contender.ts";
import { byHand } from "../contenders/by-hand.ts";
import { classicLevel } from "../contenders/classic-level.ts";
import { keyv } from "../contenders/keyv.ts";
import { lmdb } from "../contenders/lmdb.ts";
import { persist } from "../contenders/persist.ts";
import { unstorage } from "../contenders/unstorage.ts";
import type { Bar } from "../figure.ts";
import type { Pace } from "../interleave.ts";
import type { Operation } from "../operation.ts";
import { addInCrowds } from "../operations/add.ts";
import { deleteInTurn } from "../operations/delete.ts";
import { getInCrowds, getInTurn } from "../operations/get.ts";
import { listGroup } from "../operations/list.ts";
import { setInCrowds, setInTurn, setScattered } from "../operations/set.ts";
import { type Race, run } from "../race.ts";
import type { Suite, SuiteOptions } from "../suite.ts";

const contenders: Race["contenders"] = [persist, byHand, keyv, unstorage, classicLevel, lmdb];
const operations: readonly Operation[] = [
  getInTurn,
  getInCrowds,
  listGroup,
  setInTurn,
  setInCrowds,
  setScattered,
  addInCrowds,
  deleteInTurn,
];

/** Against better-sqlite3 by hand, with its calls in autocommit. */
const handBars: readonly { operation: Operation; durability: Durability; atLeast: number }[] = [
  { operation: getInTurn, durability: "relaxed", atLeast: 0.9 },
  { operation: listGroup, durability: "relaxed", atLeast: 0.9 },
  { operation: setInTurn, durability: "relaxed", atLeast: 0.85 },
  { operation: setInTurn, durability: "full", atLeast: 0.85 },
  { operation: setInCrowds, durability: "relaxed", atLeast: 6 },
  { operation: setInCrowds, durability: "full", atLeast: 25 },
];

/** Its reads are a look into mapped memory, without a query: the distance is reported, and not a bar. */
const unmatched: readonly { kind: ContenderKind; operation: Operation }[] = [
  { kind: lmdb, operation: getInTurn },
  { kind: lmdb, operation: getInCrowds },
];

function barOf(kind: ContenderKind, operation: Operation, durability: Durability): Bar | undefined {
  if (kind === byHand) {
    const found = handBars.find((bar) => bar.operation === operation && bar.durability === durability);
    return found === undefined ? undefined : { atLeast: found.atLeast };
  }
  const exempt = unmatched.some((pair) => pair.kind === kind && pair.operation === operation);
  return exempt ? undefined : { atLeast: 1 };
}

export const sqlite: Suite = {
  title: "store.kv over SQLite",
  notes: contenders.map(
    ({ name, settings }) =>
      `${name}: ${Object.entries(settings)
        .map(([durability, setting]) => `${durability} = ${setting}`)
        .join("; ")}`,
  ),

  async run(o) {
    const pace: Pace = o.quick ? { rounds: 15, sample: 10, warmUp: 200 } : { rounds: 101, sample: 15, warmUp: 500 };
    const writes = operations.filter((operation) => operation.writes);
    return [
      ...(await run(raceOver(operations, "relaxed", pace, o))),
      ...(await run(raceOver(writes, "full", pace, o))),
    ];
  },
};

function raceOver(
  operations: readonly Operation[],
  durability: Durability,
  pace: Pace,
  { folder, progress }: SuiteOptions,
): Race {
  return {
    contenders,
    operations,
    durability,
    pace,
    async placeOf({ name }) {
      const path = join(folder, durability, name);
      await mkdir(path, { recursive: true });
      return path;
    },
    barOf: (kind, operation) => barOf(kind, operation, durability),
    titleOf: ({ name, writes }) => (writes ? `${name} (${durability})` : name),
    progress,
  };
}
