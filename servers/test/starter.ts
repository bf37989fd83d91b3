/** Starts a server, says which, and ends as its argument says when it is told to. */
import { startCeph, startPostgres } from "@cuitty/persist-servers";

const [, , way, server] = process.argv;
if (server === "ceph") {
  const { pids, folders } = await startCeph();
  process.send?.({ pids, folders });
} else {
  const { pid, dir } = await startPostgres();
  process.send?.({ pid, dir });
}
process.once("message", () => {
  if (way === "throw") throw new Error("meant to happen");
  if (way === "exit") process.exit(7);
  process.disconnect();
});
