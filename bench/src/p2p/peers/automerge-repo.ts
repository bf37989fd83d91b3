/** One document per record, as its documentation has it, over its WebSocket adapters, kept by its adapter for Node's files. Titles are whole strings, which is faster than text that is edited. */
import { once } from "node:events";
import { type DocHandle, ImmutableString, Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter, WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";
import type { Peer } from "../peer.ts";
import { recordsOf } from "../record.ts";
import { createTally } from "../tally.ts";

interface Doc {
  title: ImmutableString;
  n: number;
}

/** In milliseconds: how often a cut connection is tried again, and how often the repo is asked for documents that it has heard of, since it tells nobody. */
const retryInterval = 50;
const lookInterval = 10;

export async function openAutomergeRepo(folder: string): Promise<Peer> {
  const repo = new Repo({ storage: new NodeFSStorageAdapter(folder) });
  const tally = createTally();
  const known = new Map<string, DocHandle<Doc>>();
  const own = new Map<number, DocHandle<Doc>>();
  // One or the other: a repo waits for all of its adapters, and a server's is not ready before somebody connects.
  let server: WebSocketServer | undefined;
  let client: WebSocketClientAdapter | undefined;

  const follow = (handle: DocHandle<Doc>) => {
    tally.add(1);
    handle.on("change", () => tally.add(1));
  };
  const look = () => {
    for (const [id, handle] of Object.entries(repo.handles)) {
      if (known.has(id)) continue;
      known.set(id, handle);
      if (handle.isReady()) follow(handle);
      else void handle.whenReady().then(() => follow(handle));
    }
  };
  let looking: NodeJS.Timeout | undefined;

  return {
    async write(batch) {
      for (const { title, n } of recordsOf(batch)) {
        const handle = own.get(n);
        if (handle === undefined) own.set(n, repo.create<Doc>({ title: new ImmutableString(title), n }));
        else handle.change((doc) => (doc.title = new ImmutableString(title)));
      }
      await repo.flush();
    },
    async address() {
      server ??= await listen(repo);
      return { port: (server.address() as { port: number }).port, detail: "" };
    },
    async connect({ port }) {
      if (client !== undefined) return; // it connects again by itself
      looking = setInterval(look, lookInterval);
      client = new WebSocketClientAdapter(`ws://127.0.0.1:${port}`, retryInterval);
      repo.networkSubsystem.addNetworkAdapter(client);
    },
    arrived: (writes) => tally.reached(writes),
    records: async () =>
      Object.values(repo.handles).map((handle) => {
        const { title, n } = (handle as DocHandle<Doc>).doc();
        return { title: String(title), n };
      }),
    async close() {
      clearInterval(looking);
      await repo.shutdown();
      server?.close();
    },
  };
}

async function listen(repo: Repo): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  // Its types name the class of another package that hands out the same one.
  const taken = server as unknown as ConstructorParameters<typeof WebSocketServerAdapter>[0];
  repo.networkSubsystem.addNetworkAdapter(new WebSocketServerAdapter(taken));
  return server;
}
