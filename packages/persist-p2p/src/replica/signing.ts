/**
 * Items of a closed group are signed: by who wrote them, or made them of what others wrote. Whoever passes one on passes the signature on, and cannot change a bit of it.
 *
 * On the way an item's body is preceded by its seal: the signer's public key, and the signature. In the file both stand beside the line or event, with a digest that tells whether they are still good for
 * what stands there.
 */
import { Buffer } from "node:buffer";
import { createPublicKey, hash, type KeyObject, randomBytes, verify } from "node:crypto";
import { ReplicaRefusal } from "../sync/replica.ts";
import type { Authority } from "./authority.ts";

const keyBytes = 32;
const signatureBytes = 64;
const sealBytes = keyBytes + signatureBytes;
export const digestBytes = 32;
/** Of a log's name: what of it tells whose it is. The rest tells that member's logs apart. */
const ownerBytes = 12;
const logBytes = 16;

/** Public key and signature. */
export type Seal = Uint8Array;

/** A seal as it is kept, with a digest behind it: of a row's body, or of an event's content. */
export type Proof = Uint8Array;

export const digestOf = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");
export const proofOf = (seal: Seal, digest: Uint8Array): Proof => Buffer.concat([seal, digest]);
export const sealIn = (proof: Proof): Seal => proof.subarray(0, sealBytes);
export const digestIn = (proof: Proof): Uint8Array => proof.subarray(sealBytes);
export const signerOf = (seal: Seal): Uint8Array => seal.subarray(0, keyBytes);

/** What this peer says by its own name. */
export function sign(authority: Authority, digest: Uint8Array): Seal {
  return Buffer.concat([authority.self, authority.sign(statementOf(authority, digest))]);
}

/** Whether what is kept is of this digest still, and by somebody who is a member here, or was. */
export function isProof(authority: Authority, kept: Proof | null, digest: Uint8Array): kept is Proof {
  if (kept === null || Buffer.compare(digestIn(kept), digest) !== 0) return false;
  return groupOf(authority).members.has(hexOf(signerOf(kept)));
}

/** @throws {ReplicaRefusal} where no member has signed it. */
export function requireSigned(authority: Authority, seal: Seal, digest: Uint8Array): void {
  const key = keyOf(authority, signerOf(seal));
  if (key === undefined || !verify(null, statementOf(authority, digest), key, seal.subarray(keyBytes)))
    throw unsigned();
}

/** @throws {ReplicaRefusal} where there is no room for a seal. */
export function split(sealed: Uint8Array): { readonly seal: Seal; readonly body: Uint8Array } {
  if (sealed.length < sealBytes) throw unsigned();
  return { seal: sealed.subarray(0, sealBytes), body: sealed.subarray(sealBytes) };
}

/** A new name for a log of the member's own events, which nobody else can add to. */
export function newLogName(owner: Uint8Array): Uint8Array {
  return Buffer.concat([logPrefix(owner), randomBytes(logBytes - ownerBytes)]);
}

/** Whether the log is the member's. */
export function isLogOf(name: Uint8Array, member: Uint8Array): boolean {
  return logPrefix(member).equals(name.subarray(0, ownerBytes));
}

/** Whether the member may say what stands in the log: in its own, and in one that is nobody's, which was begun before there was a group. */
export function mayAnswerFor(authority: Authority, member: Uint8Array, log: Uint8Array): boolean {
  return isLogOf(log, member) || !groupOf(authority).owners.has(hexOf(log.subarray(0, ownerBytes)));
}

function statementOf({ group }: Authority, digest: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`cuitty-persist item\0${group}\0`), digest]);
}

const logPrefix = (key: Uint8Array): Buffer =>
  hash("sha256", Buffer.concat([Buffer.from("cuitty-persist log\0"), key]), "buffer").subarray(0, ownerBytes);

interface Group {
  /** Public keys, in hex. */
  readonly members: ReadonlySet<string>;
  /** The beginnings of their logs' names, in hex. */
  readonly owners: ReadonlySet<string>;
  /** As far as they were needed. */
  readonly keys: Map<string, KeyObject>;
}

const groups = new WeakMap<readonly Uint8Array[], Group>();

function groupOf(authority: Authority): Group {
  const members = authority.members();
  let group = groups.get(members);
  if (group === undefined) {
    const owners = members.map((member) => hexOf(logPrefix(member)));
    group = { members: new Set(members.map(hexOf)), owners: new Set(owners), keys: new Map() };
    groups.set(members, group);
  }
  return group;
}

/** `undefined`: no member's. */
function keyOf(authority: Authority, bytes: Uint8Array): KeyObject | undefined {
  const { members, keys } = groupOf(authority);
  const name = hexOf(bytes);
  if (!members.has(name)) return undefined;
  const key = keys.get(name) ?? publicKeyOf(bytes);
  keys.set(name, key);
  return key;
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function unsigned(): ReplicaRefusal {
  return new ReplicaRefusal("An item was sent without the signature of a member.");
}
