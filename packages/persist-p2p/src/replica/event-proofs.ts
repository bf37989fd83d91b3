/** Who answers for an event: the member in whose log it stands, also where its content is gone. */
import { Buffer } from "node:buffer";
import { ReplicaRefusal } from "../sync/replica.ts";
import type { Authority } from "./authority.ts";
import { digestOfContent, type EventItem, encodeEvent, eventDigest } from "./event-item.ts";
import {
  isProof,
  mayAnswerFor,
  type Proof,
  proofOf,
  requireSigned,
  type Seal,
  sealIn,
  sign,
  signerOf,
} from "./signing.ts";

/** As it is sent; `undefined`: it stands in another member's log, and that member's signature is not here. */
export function sealedEvent(authority: Authority, item: EventItem, kept: Proof | null): Uint8Array | undefined {
  const isGood = isProof(authority, kept, digestOfContent(item));
  if (!isGood && !mayAnswerFor(authority, authority.self, item.author)) return undefined;
  return Buffer.concat([sealIn(isGood ? kept : prove(authority, item)), encodeEvent(item)]);
}

/** What this peer says of an event. */
export function prove(authority: Authority, item: EventItem): Proof {
  return proofOf(sign(authority, eventDigest(item)), digestOfContent(item));
}

/** What is kept of the seal with which the event came. @throws {ReplicaRefusal} where it is not that of the member whose log it is. */
export function acceptEvent(authority: Authority, seal: Seal, item: EventItem): Proof {
  requireSigned(authority, seal, eventDigest(item));
  if (!mayAnswerFor(authority, signerOf(seal), item.author))
    throw new ReplicaRefusal("An event was sent that is not signed by the member whose log it stands in.");
  return proofOf(seal, digestOfContent(item));
}
