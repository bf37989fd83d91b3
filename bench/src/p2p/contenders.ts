/** Who meets. Each is loaded in processes of its own only. */
import type { OpenPeer } from "./peer.ts";

export const contenders = {
  persist: async () => (await import("./peers/persist.ts")).openPersist,
  "automerge-repo": async () => (await import("./peers/automerge-repo.ts")).openAutomergeRepo,
  OrbitDB: async () => (await import("./peers/orbitdb.ts")).openOrbitDB,
  Yjs: async () => (await import("./peers/yjs.ts")).openYjs,
  libp2p: async () => (await import("./peers/libp2p.ts")).openLibp2p,
} satisfies Record<string, () => Promise<OpenPeer>>;

export type ContenderName = keyof typeof contenders;
