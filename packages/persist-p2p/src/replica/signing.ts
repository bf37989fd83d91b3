/**
 * Items of a closed group are signed: by who wrote them, or made them of what others wrote. Whoever passes one on passes the signature on, and cannot change a bit of it.
 *
 * On the way an item's body is preceded by its signer's public key and the signature. In the file both stand beside the line or event, with the digest of what they are good for: where a line has
 * become something else in the meantime (its row has expired, its event was erased), this peer answers for it.
 */
import { Buffer } from "node:buffer";
import { createPublicKey, hash, type KeyObject, randomBytes, verify } from "node:crypto";
import { ReplicaRefusal } from "../sync/replica.ts";
import type { Authority } from "./authority.ts";

const keyBytes = 32;
const signatureBytes = 64;
const sealBytes = keyBytes + signatureBytes;
/** Of a log's name: what of it tells whose it is. The rest tells that member's logs apart. */
const ownerBytes = 12;
const logBytes = 16;

/** As it is kept: public key, signature, and the digest of the body. */
export type Proof = Uint8Array;

/** What was received: the body without its seal, and, in a closed group, the proof. */
export interface Opened {
  readonly body: Uint8Array;
  readonly proof: Proof | null;
}

/** What this peer says of the body by its own name. */
export function prove(authority: Authority, body: Uint8Array): Proof {
  const digest = hash("sha256", body, "buffer");
  return Buffer.concat([authority.self, authority.sign(statementOf(authority, digest)), digest]);
}

/** The body as it is sent. `proof`: what is kept of it, if anything. */
export function seal(authority: Authority | undefined, body: Uint8Array, proof: Proof | null): Uint8Array {
  if (authority === undefined) return body;
  const good = isProven(authority, proof, body) ? proof : prove(authority, body);
  return Buffer.concat([good.subarray(0, sealBytes), body]);
}

/** @throws {ReplicaRefusal} where no member has signed it. */
export function unseal(authority: Authority | undefined, sealed: Uint8Array): Opened {
  if (authority === undefined) return { body: sealed, proof: null };
  if (sealed.length < sealBytes) throw unsigned();
  const key = keyOf(authority, sealed.subarray(0, keyBytes));
  if (key === undefined) throw unsigned();
  const body = sealed.subarray(sealBytes);
  const digest = hash("sha256", body, "buffer");
  if (!verify(null, statementOf(authority, digest), key, sealed.subarray(keyBytes, sealBytes))) throw unsigned();
  return { body, proof: Buffer.concat([sealed.subarray(0, sealBytes), digest]) };
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

export const signerOf = (proof: Proof): Uint8Array => proof.subarray(0, keyBytes);

/** Whether it is a member's proof of this very body. */
export function isProven(authority: Authority, proof: Proof | null, body: Uint8Array): proof is Proof {
  if (proof === null || !groupOf(authority).members.has(hexOf(signerOf(proof)))) return false;
  return hash("sha256", body, "buffer").equals(proof.subarray(sealBytes));
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
