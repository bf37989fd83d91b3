/** By which mechanism events get their positions: Persist's appends, and others by hand, by many writers at once. */
import { type MechanismName, mechanisms } from "../appends/mechanisms.ts";
import { appendFigures } from "../appends/race.ts";
import { settingsNote, startBenchServer } from "../postgres/server.ts";
import type { Suite } from "../suite.ts";

const others = Object.keys(mechanisms).filter((name) => name !== "persist") as MechanismName[];

export const postgresAppend: Suite = {
  title: "Appending events over Postgres",
  notes: [settingsNote, ...Object.entries(mechanisms).map(([name, { what }]) => `${name}: ${what}`)],

  async run({ quick, folder, progress }) {
    await using server = await startBenchServer(folder);
    return await appendFigures(server, others, { quick, progress });
  },
};
