/** A process that follows the peer which is written to: `follower.ts <location> <peer>`. For each line on stdin it answers the digest of what it has, as a line; it ends when stdin does. */
import { createInterface } from "node:readline";
import { openPeer } from "./peers.ts";

const [, , location = "", peer = ""] = process.argv;
const store = await openPeer(location, peer);
console.log("open");
for await (const _ of createInterface({ input: process.stdin })) console.log(await store.digest());
await store.close();
process.exit();
