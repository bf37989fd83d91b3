/** What the environment says: who is here, where the file is, and how the others are found. */
import { hostname } from "node:os";
import type { P2pOptions } from "@cuitty/persist-p2p";

export interface Settings {
  /** Stands in the activity. */
  readonly by: string;
  /** 0: any. */
  readonly port: number;
  readonly path: string;
  readonly network: P2pOptions;
}

const {
  NOTES_BY = hostname(),
  PORT = "8080",
  NOTES_FILE = `./.persist/shared-notes-${PORT}/notes.db`,
  NOTES_SECRET,
  NOTES_PEERS,
  NOTES_LISTEN,
} = process.env;

export const settings: Settings = {
  by: NOTES_BY,
  port: Number(PORT),
  path: NOTES_FILE,
  network: {
    discovery: {
      topic: "shared-notes",
      ...(NOTES_PEERS === undefined ? { method: "mdns" } : { method: "static", peers: listOf(NOTES_PEERS) }),
    },
    ...(NOTES_LISTEN === undefined ? {} : { listen: listOf(NOTES_LISTEN) }),
    ...(NOTES_SECRET === undefined ? {} : { secret: NOTES_SECRET }),
  },
};

function listOf(text: string): readonly string[] {
  return text.split(",").filter((one) => one !== "");
}
