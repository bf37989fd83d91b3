/** A TCP proxy that can hold back what one side sends, or all of it, or cut everything. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Detour {
  /** Multiaddr. */
  readonly address: string;
  /** Holds back what comes from that side: who has called, or who was called. */
  hold(side: "caller" | "called"): void;
  release(): void;
  /** Ends all connections. */
  cut(): void;
}

/** In front of a multiaddr. */
export async function startDetour(target: string): Promise<Detour> {
  const port = Number(/\/tcp\/(\d+)/.exec(target)?.[1]);
  const pairs = new Set<{ readonly caller: Socket; readonly called: Socket }>();
  const held = new Set<"caller" | "called">();
  const server = createServer((caller) => {
    const called = connect(port, "127.0.0.1");
    const pair = { caller, called };
    pairs.add(pair);
    for (const [from, to] of [
      [caller, called],
      [called, caller],
    ] as const) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
    for (const side of held) stop(pair, side);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function stop(
    { caller, called }: { readonly caller: Socket; readonly called: Socket },
    side: "caller" | "called",
  ): void {
    const [from, to] = side === "caller" ? [caller, called] : [called, caller];
    from.unpipe(to);
    from.pause();
  }

  function cut(): void {
    for (const { caller, called } of pairs) {
      caller.destroy();
      called.destroy();
    }
  }

  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`,
    hold(side) {
      held.add(side);
      for (const pair of pairs) stop(pair, side);
    },
    release() {
      for (const { caller, called } of pairs) {
        if (held.has("caller")) caller.pipe(called);
        if (held.has("called")) called.pipe(caller);
      }
      held.clear();
    },
    cut,
  };
}
