/** Keeps this peer reachable over the relays that were named, also after one of them was away. */
import type { Libp2p } from "@libp2p/interface";
import { peerOf } from "./addresses.ts";
import type { Finding } from "./discovery/discovery.ts";
import { listenAgain } from "./libp2p-quirks.ts";

export interface Reservations {
  findings(): readonly Finding[];
  stop(): void;
}

/** Milliseconds. */
const pause = 5_000;

export function keepReservations(node: Libp2p, relays: readonly string[]): Reservations {
  const failures = new Map<string, string>();
  let isBusy = false;

  const timer = relays.length === 0 ? undefined : setInterval(() => void check(), pause);
  timer?.unref();

  function isReserved(relay: string): boolean {
    const peer = peerOf(relay) ?? "";
    return node.getMultiaddrs().some((address) => address.toString().includes(`/p2p/${peer}/p2p-circuit`));
  }

  async function check(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (const relay of relays.filter((each) => !isReserved(each))) {
      try {
        await listenAgain(node, `${relay}/p2p-circuit`);
        failures.delete(relay);
      } catch (error) {
        failures.set(relay, (error as Error).message);
      }
    }
    isBusy = false;
  }

  return {
    findings: () =>
      relays.map((relay) => ({
        what: `relay ${relay}`,
        ok: isReserved(relay),
        detail: isReserved(relay)
          ? "this peer can be reached over it"
          : (failures.get(relay) ?? "it was not reached yet"),
      })),
    stop: () => clearInterval(timer),
  };
}
