/**
 * A TCP proxy between two peers, which counts their bytes and says when they meet: who connects waits in front of it until it is opened. So the moment is the same for all
 * libraries, whatever they do before and after.
 */
import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";

export interface Gate {
  readonly port: number;
  /** Resolves when somebody waits in front of it. */
  waited(): Promise<void>;
  /** Lets through who waits, and who comes. */
  open(): void;
  /** Cuts all connections, and shuts. */
  cut(): void;
  /** In both directions, since it was made. */
  bytes(): number;
  /** How much later each byte arrives from now on, in milliseconds; 0 at first: as soon as it can. */
  delay(milliseconds: number): void;
  close(): Promise<void>;
}

export async function makeGate(target: number): Promise<Gate> {
  let bytes = 0;
  let delay = 0;
  let opened = Promise.withResolvers<void>();
  let arrival = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (near) => {
    track(near);
    arrival.resolve();
    void opened.promise.then(() => {
      if (near.destroyed) return;
      const far = createConnection({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
      track(far);
      pass(near, far);
      pass(far, near);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  }

  function later(step: () => void): void {
    if (delay === 0) step();
    else setTimeout(step, delay);
  }

  function pass(from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      later(() => {
        if (to.destroyed || to.write(chunk)) return;
        from.pause();
        to.once("drain", () => from.resume());
      });
    });
    from.on("end", () => later(() => to.end()));
    from.on("close", () => later(() => to.destroy()));
    from.resume();
  }

  function cut(): void {
    for (const socket of sockets) socket.destroy();
    opened = Promise.withResolvers();
    arrival = Promise.withResolvers();
  }

  const { port } = server.address() as { port: number };
  return {
    port,
    waited: () => arrival.promise,
    open: () => opened.resolve(),
    cut,
    bytes: () => bytes,
    delay(milliseconds) {
      delay = milliseconds;
    },
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
