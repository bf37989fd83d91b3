/** What libp2p knows of keys, for the signatures of a closed group. */
import { PersistError } from "@cuitty/persist-core";
import type { PrivateKey } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Authority } from "../replica/authority.ts";
import { createAuthority } from "./membership/authority.ts";
import type { Closed } from "./membership/membership.ts";

const seedBytes = 32;

/** `undefined` outside of closed groups. @throws {PersistError} INVALID_ARGUMENT where the key is not Ed25519's. */
export function authorityOf(privateKey: PrivateKey, closed: Closed | undefined): Authority | undefined {
  if (closed === undefined) return undefined;
  if (privateKey.type !== "Ed25519") {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `Members sign what they write by Ed25519, and the key of the option identity is ${privateKey.type}. Leave the option out to have one made.`,
      { adapter: "p2p" },
    );
  }
  const pair = { seed: privateKey.raw.subarray(0, seedBytes), publicKey: privateKey.publicKey.raw };
  const { group, everMembers } = closed;
  const name = JSON.stringify([group.owner, group.topic]);
  return createAuthority(pair, { group: name, everMembers, publicKeyOf });
}

function publicKeyOf(peer: string): Uint8Array | undefined {
  try {
    const { publicKey } = peerIdFromString(peer);
    return publicKey?.type === "Ed25519" ? publicKey.raw : undefined;
  } catch {
    return undefined; // the owner may name whom it likes
  }
}
