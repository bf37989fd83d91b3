/** The peers of a store: found, let in where they prove to belong here, and handed to the sync engine as links. */
import type { Authority } from "../replica/authority.ts";
import type { Link } from "../sync/link.ts";
import { type NetworkOptions, parseNetworkOptions } from "./options.ts";

export interface Network {
  /** This peer's id. */
  readonly id: string;
  /** The libp2p node, for whoever needs more. */
  readonly node: unknown;
  /** The owner's public key where membership is by certificates: what `members.owner` is on all other stores. */
  readonly owner: string | undefined;
  /** Multiaddrs under which others may reach this peer, with its id. */
  listening(): readonly string[];
  status(): NetworkStatus;
  /** What works, and what may keep peers from being found. */
  diagnose(): Promise<readonly Diagnosis[]>;
  /** One listener, called at once, and again when this peer has become a member, before there are links: what items are signed with; `undefined` where they are not. */
  onAuthority(listener: (authority: Authority | undefined) => void): void;
  /** One listener. Each link has proved its membership. Links that come before there is a listener wait. */
  onLink(listener: (link: Link) => void): void;
  /**
   * A code with which one newcomer becomes a member, within ten minutes. Whoever has it can; tell it over a channel you trust. With `members` the owner only.
   *
   * @throws {PersistError} UNSUPPORTED where membership is open, or this store is not the owner.
   */
  invite(): Promise<string>;
  /**
   * Becomes a member by a code that another peer has made and still shows. What it brings is kept in the folder.
   *
   * @throws {PersistError} INVALID_ARGUMENT for what is no code, DENIED for a wrong or used one, TIMEOUT where nobody was found who has made it.
   */
  pair(code: string): Promise<void>;
  /**
   * The peer is no member any more, here at once and elsewhere as soon as the others hear of it. For ever: it needs another identity to come back.
   *
   * @throws {PersistError} UNSUPPORTED where membership is not by certificates, or this store is not the owner.
   */
  revoke(peer: string): Promise<void>;
  /** Peer ids of all members that the owner has named, as far as this peer has heard, where membership is by certificates. */
  members(): readonly string[] | undefined;
  /**
   * `"degraded"`: discovery does not work, or works again; see `status`. `"refused"`: somebody could not prove to belong here, or broke the rules. Returns the unsubscriber.
   */
  on(event: "degraded" | "refused", listener: (what: NetworkEvent) => void): () => void;
  stop(): Promise<void>;
}

export interface NetworkStatus {
  readonly discovery: "ok" | "degraded" | "off";
  readonly detail?: string;
}

export interface NetworkEvent {
  /** Of `"refused"`. */
  readonly peer?: string;
  readonly address?: string;
  readonly detail: string;
}

export interface Diagnosis {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Loads libp2p, which takes a third of a second, and starts.
 *
 * @throws {PersistError} INVALID_ARGUMENT for options, UNAVAILABLE where it cannot listen.
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const parsed = parseNetworkOptions(options);
  const { runNetwork } = await import("./run-network.ts");
  return runNetwork(parsed);
}
