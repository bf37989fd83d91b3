/** The bare lift: four methods over files, and everything else is core's. */
import { createStore } from "@cuitty/persist-core";
import { folder } from "../folder-adapter.ts";
import { createPlaceOnDisk } from "../place-on-disk.ts";
import type { Target } from "../target.ts";

export const target: Target = {
  createPlace: () => createPlaceOnDisk("lift"),
  open: async (location) => createStore({ name: "crash", adapter: await folder(location) }),
};
