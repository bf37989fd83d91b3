/** A peer in a process of its own: takes its options as JSON, and prints its id, each link and each end as a line of JSON. */
import { startNetwork } from "../../src/network/network.ts";

const network = await startNetwork(JSON.parse(process.argv[2] as string));
const say = (what: unknown): void => console.log(JSON.stringify(what));

network.onLink((link) => {
  say({ linked: link.peer, address: link.address });
  link.onEnd(() => say({ ended: link.peer }));
});
network.on("degraded", () => say({ status: network.status() }));
say({ id: network.id, status: network.status() });

process.once("SIGTERM", () => void network.stop().then(() => process.exit(0)));
