/** What items are signed with in a closed group: this peer's key, and those of all whom the owner has named. */
import { createPrivateKey, sign } from "node:crypto";
import type { Authority } from "../../replica/authority.ts";

/** An Ed25519 key pair: 32 bytes each. */
export interface KeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface GroupTerms {
  readonly group: string;
  /** Peer ids of all who are members or were; another array when there are more. */
  everMembers(): readonly string[];
  /** `undefined`: the peer has a key of another kind, and signs nothing. */
  publicKeyOf(peer: string): Uint8Array | undefined;
}

export function createAuthority({ seed, publicKey }: KeyPair, terms: GroupTerms): Authority {
  const [d, x] = [seed, publicKey].map((bytes) => Buffer.from(bytes).toString("base64url")) as [string, string];
  const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x }, format: "jwk" });
  let known: { readonly peers: readonly string[]; readonly keys: readonly Uint8Array[] } = { peers: [], keys: [] };
  return {
    group: terms.group,
    self: publicKey,
    sign: (statement) => sign(null, statement, key),
    members() {
      const peers = terms.everMembers();
      if (peers !== known.peers) known = { peers, keys: peers.flatMap((peer) => terms.publicKeyOf(peer) ?? []) };
      return known.keys;
    },
  };
}
