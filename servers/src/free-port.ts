import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Ports that were given last; some of them are used much later. */
const given = new Set<number>();
const most = 6000;

/**
 * A port of 127.0.0.1 that nobody listens on. It lies below those that systems give to outgoing connections, so that a
 * server which is killed and started again finds its port free. No two callers of one process get the same. Nothing holds
 * it: who starts a server on it has to be ready for another process having been faster.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (given.has(port)) continue;
    given.add(port);
    if (given.size > most) given.delete(given.values().next().value as number);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
