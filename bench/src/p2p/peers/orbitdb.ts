/** A database of keys and values, as its documentation shows, with blocks kept on disk by Level and without gateways outside of this machine. */
import { join } from "node:path";
import { bitswap } from "@helia/block-brokers";
import { gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import { createOrbitDB, type KeyValueDatabase } from "@orbitdb/core";
import { LevelBlockstore } from "blockstore-level";
import { createHelia } from "helia";
import { createLibp2p } from "libp2p";
import { addressOf, libp2pOptions, multiaddrOf } from "../libp2p-node.ts";
import type { Peer } from "../peer.ts";
import { type BenchRecord, keyOf, recordsOf } from "../record.ts";
import { createTally } from "../tally.ts";

interface Detail {
  readonly peer: string;
  readonly database: string;
}

const kind = { type: "keyvalue" } as const;

export async function openOrbitDB(folder: string): Promise<Peer> {
  const libp2p = await createLibp2p({
    ...libp2pOptions,
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  });
  const ipfs = await createHelia({
    libp2p,
    blockstore: new LevelBlockstore(join(folder, "blocks")),
    blockBrokers: [bitswap()],
    routers: [],
  });
  const orbitdb = await createOrbitDB({ ipfs, directory: join(folder, "orbitdb") });
  const tally = createTally();
  let database: KeyValueDatabase | undefined;
  const opened = async () => (database ??= await orbitdb.open("records", kind));

  /** The database itself can only be had from who has made it, once connected. */
  const follow = async (address: string) => {
    if (database !== undefined) return;
    database = await orbitdb.open(address, kind);
    let seen = 0;
    database.events.on("update", ({ clock }) => {
      if (clock.time <= seen) return;
      tally.add(clock.time - seen);
      seen = clock.time;
    });
  };

  return {
    async write(batch) {
      const { put } = await opened();
      for (const record of recordsOf(batch)) await put(keyOf(record.n), record);
    },
    async address() {
      const { port, detail: peer } = addressOf(libp2p);
      const { address } = await opened();
      return { port, detail: JSON.stringify({ peer, database: address } satisfies Detail) };
    },
    async connect({ port, detail }) {
      const { peer, database: address } = JSON.parse(detail) as Detail;
      await libp2p.dial(multiaddrOf({ port, detail: peer }));
      await follow(address);
    },
    arrived: (writes) => tally.reached(writes),
    records: async () => (await (await opened()).all()).map(({ value }) => value as BenchRecord),
    async close() {
      await orbitdb.stop();
      await ipfs.stop();
    },
  };
}
