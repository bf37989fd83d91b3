/** The IPv4 interfaces of this machine that multicast is tried on. */
import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";

export interface Interface {
  readonly name: string;
  readonly address: string;
  readonly isLoopback: boolean;
  /** Whether an address is one of its network's. */
  isNear(address: string): boolean;
}

/** One for each address; with loopback, for the peers on this machine. `only`: names or addresses. */
export function listInterfaces(only: readonly string[] | undefined): readonly Interface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos
      .filter(({ family, address }) => family === "IPv4" && isIPv4(address))
      .filter(({ address }) => only === undefined || only.includes(name) || only.includes(address))
      .map(({ address, cidr, internal }) => ({ name, address, isLoopback: internal, isNear: nearTo(address, cidr) })),
  );
}

function nearTo(address: string, cidr: string | null): (other: string) => boolean {
  const net = new BlockList();
  const prefix = Number(cidr?.split("/")[1] ?? 32);
  net.addSubnet(address, prefix, "ipv4");
  return (other) => isIPv4(other) && net.check(other, "ipv4");
}
