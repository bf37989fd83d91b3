/** Which addresses are in one's own house: all that no router of the internet forwards. */
import { BlockList } from "node:net";

const own = new BlockList();
for (const [net, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const) {
  own.addSubnet(net, prefix, "ipv4");
}
for (const [net, prefix] of [
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const) {
  own.addSubnet(net, prefix, "ipv6");
}

/** Whether a multiaddr begins with a loopback, private or link-local IP address. Names do not: nobody knows yet where they lead. Nor does anything over a relay. */
export function isPrivateAddress(multiaddr: string): boolean {
  if (multiaddr.includes("/p2p-circuit")) return false;
  const address = ipOf(multiaddr);
  if (address === undefined) return false;
  return own.check(address.host, address.family);
}

/** The IP address that a multiaddr begins with. */
export function ipOf(multiaddr: string): { readonly host: string; readonly family: "ipv4" | "ipv6" } | undefined {
  const [, kind, host] = multiaddr.replace(/^\/ip6zone\/[^/]+/, "").split("/");
  if (host === undefined || (kind !== "ip4" && kind !== "ip6")) return undefined;
  return { host, family: kind === "ip4" ? "ipv4" : "ipv6" };
}

/** The peer id that a multiaddr ends with. */
export function peerOf(multiaddr: string): string | undefined {
  return /\/p2p\/([A-Za-z0-9]+)$/.exec(multiaddr)?.[1];
}
