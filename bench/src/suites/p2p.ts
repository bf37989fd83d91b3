/** Two peers in processes of their own: how soon one has what the other wrote, by other libraries; and what replication costs who writes. */
import { withVersion } from "../machine.ts";
import { contentFigures } from "../p2p/content-race.ts";
import { type Contest, convergenceFigures } from "../p2p/convergence.ts";
import { localPutFigures } from "../p2p/local-puts.ts";
import { firstContactFigures, reconnectionFigures } from "../p2p/reconnection.ts";
import { updatesFigures } from "../p2p/updates.ts";
import type { Suite } from "../suite.ts";

const full: readonly Contest[] = [
  {
    records: 1000,
    rounds: 5,
    others: [{ name: "automerge-repo", faster: 50 }, { name: "OrbitDB", faster: 100 }, { name: "Yjs" }],
  },
  {
    records: 3000,
    rounds: 3,
    others: [{ name: "automerge-repo", faster: 100 }, { name: "OrbitDB", faster: 250 }, { name: "Yjs" }],
  },
  { records: 10_000, rounds: 3, others: [{ name: "automerge-repo", rounds: 1 }, { name: "Yjs" }] },
  { records: 100_000, rounds: 3, others: [{ name: "Yjs", faster: 1, memory: 0.45 }] },
];

const quick: readonly Contest[] = [
  { ...(full[0] as Contest), rounds: 2 },
  { records: 10_000, rounds: 2, others: [{ name: "Yjs" }] },
];

export const p2p: Suite = {
  title: "Peers that replicate, two at a time",
  notes: [
    "Each peer is a process of its own on this machine. Between the two stands a proxy that counts bytes and holds who connects until the time starts: to connect is part of it.",
    "All records {title, n} are written before the peers meet; both processes have done the same before with a hundred records, in other folders.",
    'persist: createStore({ adapter: "p2p" }) with a secret and its defaults: what has arrived is durable',
    "automerge-repo: one document per record, WebSocket and file adapters; OrbitDB: a database of keys and values on helia 6, blocks on disk; what has arrived is not synced",
    "Yjs: one document in memory over one stream of libp2p, its updates appended to a file that is not synced",
    "bare libp2p: a connection with TCP, Noise and Yamux, and two questions with their answers, as long as a proof of membership. What it takes at the same time is taken off where persist is compared with it; for contents it is one stream.",
    "Figures against others say how many times theirs ours is better, but those with ≤, which are ours by theirs.",
    ["@automerge/automerge-repo", "@orbitdb/core", "helia", "yjs", "libp2p"].map(withVersion).join(", "),
  ],

  async run(o) {
    const records = o.quick ? 10_000 : 100_000;
    const figures = [];
    for (const contest of o.quick ? quick : full) figures.push(...(await convergenceFigures(contest, o)));
    figures.push(...(await reconnectionFigures({ records, rounds: o.quick ? 3 : 7 }, o)));
    figures.push(...(await firstContactFigures({ records, rounds: o.quick ? 1 : 3 }, o)));
    const pace = o.quick ? { rounds: 15, sample: 10, warmUp: 200 } : { rounds: 61, sample: 15, warmUp: 500 };
    figures.push(...(await localPutFigures(pace, o)));
    figures.push(...(await updatesFigures(o.quick ? 100_000 : 1_000_000, o)));
    figures.push(...(await contentFigures(o.quick ? 3 : 7, o)));
    return figures;
  },
};
