/** A folder with the files of several peers. Those that follow run in processes of their own and die, too; what they had then is kept until it is looked at. */
import { copyFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { createStore, type Store } from "@cuitty/persist-core";
import { p2p } from "@cuitty/persist-p2p";
import { findFreePort } from "@cuitty/persist-servers";
import type { Complaint } from "./complaints.ts";
import { type FollowerProcess, startFollower } from "./follower-process.ts";
import { judgeCopy } from "./judge-copy.ts";
import { fileOf, followers, portsFile, written } from "./peers.ts";
import { createPlaceOnDisk } from "./place-on-disk.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Books, Place } from "./target.ts";

/** How long it may take until all are equal, once nobody writes any more. */
const patience = "60s";

export async function createPlaceOfPeers(): Promise<Place> {
  const { location, remove } = await createPlaceOnDisk("p2p");
  const names = [written, ...followers];
  const ports = await Promise.all(names.map(async (name) => [name, await findFreePort()] as const));
  await writeFile(join(location, portsFile), JSON.stringify(Object.fromEntries(ports)));
  const running = new Map<string, FollowerProcess>();
  const start = async (name: string) => void running.set(name, await startFollower(location, name));
  await Promise.all(followers.map(start));
  let deaths = 0;
  let remains: string[] = [];

  const bury = async (name: string) => {
    const copy = join(location, `${name}-${deaths}-dead.db`);
    await copyFile(fileOf(location, name), copy);
    await copyFile(`${fileOf(location, name)}-wal`, `${copy}-wal`).catch(() => undefined);
    remains.push(copy);
  };

  return {
    location,

    server: {
      /** One, the other, or both. */
      async kill() {
        const victims = followers.filter((_, i) => deaths % (followers.length + 1) !== i);
        deaths++;
        await Promise.all(victims.map((name) => running.get(name)?.kill()));
        for (const name of victims) {
          running.delete(name);
          await bury(name);
        }
      },
      async restart() {
        await Promise.all(followers.filter((name) => !running.has(name)).map(start));
      },
    },

    async examineCopies(store, books) {
      const complaints: Complaint[] = [];
      for (const copy of remains) complaints.push(...(await examineDead(copy, books)));
      remains = [];
      complaints.push(...(await compare(store, running)));
      for (const [name, follower] of running) {
        const text = follower.complaint();
        if (text !== undefined) complaints.push({ kind: "failed", text: `${name} said: ${text}` });
      }
      return complaints;
    },

    async remove() {
      await Promise.all([...running.values()].map((follower) => follower.stop()));
      await remove();
    },
  };
}

/** Nobody has opened it since: it is what the dead one had, without a network. */
async function examineDead(copy: string, books: Books): Promise<readonly Complaint[]> {
  const store = await createStore({ name: "crash", adapter: "p2p", path: copy });
  try {
    return judgeCopy(await takeSnapshot(store, 0), books);
  } finally {
    await store.close();
    for (const suffix of ["", "-wal", "-shm"]) await rm(copy + suffix, { force: true });
  }
}

/** Who says that all are equal must be right. */
async function compare(store: Store, running: ReadonlyMap<string, FollowerProcess>): Promise<readonly Complaint[]> {
  try {
    await p2p(store).synced({ peers: running.size, timeout: patience });
  } catch (error) {
    return [{ kind: "failed", text: `the peers do not become equal: ${inspect(error)}` }];
  }
  const digest = await store.digest();
  const complaints: Complaint[] = [];
  for (const [name, follower] of running) {
    const other = await follower.digest();
    if (other === digest) continue;
    complaints.push({
      kind: "lost",
      text: `${name} is equal, as the network says, and has ${other} instead of ${digest}`,
    });
  }
  return complaints;
}
