/** What there is to say when no peer is found. */
import type { Finding } from "./discovery/discovery.ts";
import type { MembershipKind } from "./membership/membership.ts";
import type { Diagnosis, NetworkStatus } from "./network.ts";

export interface Observed {
  readonly listening: readonly string[];
  readonly status: NetworkStatus;
  readonly membership: MembershipKind;
  readonly findings: readonly Finding[];
  readonly known: readonly {
    readonly peer: string;
    readonly addresses: readonly string[];
    readonly failure: string | undefined;
  }[];
  readonly linked: ReadonlyMap<string, string>;
  readonly refusals: { readonly count: number; readonly last: string };
}

const memberships: Record<MembershipKind, string> = {
  private: "everybody in the local network who knows the topic",
  open: "everybody who knows the topic",
  secret: "who has the secret",
  members: "who has a certificate of the owner",
};

export function diagnose(o: Observed): readonly Diagnosis[] {
  const missing = o.known.filter(({ peer, failure }) => failure !== undefined && !o.linked.has(peer));
  return [
    {
      what: "listening",
      ok: o.listening.length > 0,
      detail:
        o.listening.length > 0 ? o.listening.join(", ") : "on no address: this peer can dial, and cannot be dialled",
    },
    { what: "discovery", ok: o.status.discovery === "ok", detail: o.status.detail ?? "it works" },
    {
      what: "membership",
      ok: o.membership !== "private" && o.membership !== "open",
      detail: memberships[o.membership],
    },
    ...o.findings,
    {
      what: "peers",
      ok: o.linked.size > 0,
      detail: `${o.linked.size} linked, ${o.known.length} heard of${o.known.length === 0 ? ": is another store with this topic and this secret open?" : ""}`,
    },
    ...missing.map(({ peer, addresses, failure }) => ({
      what: `peer ${peer}`,
      ok: false,
      detail: `not reached at ${addresses.join(", ")}: ${failure}`,
    })),
    ...(o.refusals.count === 0
      ? []
      : [{ what: "refused", ok: false, detail: `${o.refusals.count} times, last ${o.refusals.last}` }]),
  ];
}
