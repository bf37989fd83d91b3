/** Peers on loopback: writers of one are killed, and those that follow it as well. */
import { openPeer, written } from "../peers.ts";
import { createPlaceOfPeers } from "../place-of-peers.ts";
import type { Target } from "../target.ts";

export const target: Target = {
  createPlace: createPlaceOfPeers,
  open: (location) => openPeer(location, written),
};
