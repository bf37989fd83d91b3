/** `store.kv` over Postgres, against postgres.js by hand on the same tables, and against other libraries that keep values by key there; and appending events. */
import { appendFigures } from "../appends/race.ts";
import type { ContenderKind } from "../contender.ts";
import { byHand } from "../contenders/postgres/by-hand.ts";
import { keyv } from "../contenders/postgres/keyv.ts";
import { persist } from "../contenders/postgres/persist.ts";
import { unstorage } from "../contenders/postgres/unstorage.ts";
import type { Bar } from "../figure.ts";
import type { Pace } from "../interleave.ts";
import { withVersion } from "../machine.ts";
import type { Operation } from "../operation.ts";
import { addInCrowds } from "../operations/add.ts";
import { deleteInTurn } from "../operations/delete.ts";
import { putInCrowds } from "../operations/document.ts";
import { getInCrowds, getInTurn } from "../operations/get.ts";
import { listGroup } from "../operations/list.ts";
import { setInCrowds, setInTurn, setScattered } from "../operations/set.ts";
import { settingsNote, startBenchServer } from "../postgres/server.ts";
import { type Race, run } from "../race.ts";
import type { Suite } from "../suite.ts";

const contenders: Race["contenders"] = [persist, byHand, keyv, unstorage];
const operations: readonly Operation[] = [
  getInTurn,
  getInCrowds,
  listGroup,
  setInTurn,
  setInCrowds,
  setScattered,
  addInCrowds,
  putInCrowds,
  deleteInTurn,
];

/** Against postgres.js by hand. What is left out is reported only. */
const handBars: ReadonlyMap<Operation, number> = new Map([
  [getInTurn, 0.9],
  [getInCrowds, 2],
  [setInTurn, 0.9],
  [setInCrowds, 4],
]);

function barOf(kind: ContenderKind, operation: Operation): Bar | undefined {
  const atLeast = kind === byHand ? handBars.get(operation) : 1;
  return atLeast === undefined ? undefined : { atLeast };
}

export const postgres: Suite = {
  title: "store.kv over Postgres",
  notes: [
    settingsNote,
    ...contenders.map(({ name, settings }) => `${name}: ${settings.full}`),
    ["postgres", "keyv", "@keyv/postgres", "unstorage", "db0", "pg"].map(withVersion).join(", "),
  ],

  async run({ quick, folder, progress }) {
    const pace: Pace = quick ? { rounds: 9, sample: 15, warmUp: 200 } : { rounds: 41, sample: 25, warmUp: 1000 };
    await using server = await startBenchServer(folder);
    const figures = await run({
      contenders,
      operations,
      durability: "full",
      pace,
      placeOf: ({ name }) => server.database(name),
      barOf,
      titleOf: ({ name }) => name,
      progress,
    });
    return [...figures, ...(await appendFigures(server, ["naive"], { quick, progress }))];
  },
};
