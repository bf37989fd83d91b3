/**
 * The control: with this durability a power cut may take what was acknowledged last. That must be found, or the cuts prove nothing; but nothing may be torn. (Of what is found
 * in part nothing can be said: what is missing may have been lost later than it was written.)
 */
import { join } from "node:path";
import { createStore } from "@cuitty/persist-core";
import type { Target } from "../target.ts";
import { target as power } from "./sqlite-power.ts";

export const target: Target = {
  ...power,
  isControl: true,
  open: (location) =>
    createStore({ name: "crash", adapter: "sqlite", path: join(location, "crash.db"), durability: "relaxed" }),
};
