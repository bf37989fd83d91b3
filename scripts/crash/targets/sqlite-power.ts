/** SQLite on a disk whose power is cut while it writes. */
import { createPlaceWithPower } from "../place-with-power.ts";
import type { Target } from "../target.ts";
import { target as sqlite } from "./sqlite.ts";

export const target: Target = { ...sqlite, createPlace: () => createPlaceWithPower("sqlite-power") };
