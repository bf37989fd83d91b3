/** What the owner of a closed group says and signs: this peer is a member until then; that one is not, for ever. Each is one line of text. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";

export interface Statement {
  readonly kind: "member" | "revoked";
  /** Peer id. */
  readonly peer: string;
  readonly role: "owner" | "member";
  /** Milliseconds since the epoch: of a member, when it stops being one; of a revocation, when it was made. */
  readonly time: number;
}

/** What a statement is for: nobody is a member of one group by what was said of another. */
export interface Group {
  /** The owner's public key, 43 characters. */
  readonly owner: string;
  readonly topic: string;
}

/** Of a statement's text, in characters. */
export const mostStatementLength = 1024;

export function signStatement(statement: Statement, group: Group, ownerKey: KeyObject): string {
  const { kind, peer, role, time } = statement;
  const said = Buffer.from(JSON.stringify({ kind, peer, role, time }));
  return `${said.toString("base64url")}.${sign(null, signed(said, group), ownerKey).toString("base64url")}`;
}

/** `undefined` where the owner of this group has never said that. */
export function readStatement(text: unknown, group: Group): Statement | undefined {
  if (typeof text !== "string" || text.length > mostStatementLength) return undefined;
  const [said, signature, ...rest] = text.split(".").map((part) => Buffer.from(part, "base64url"));
  if (said === undefined || signature === undefined || rest.length > 0) return undefined;
  try {
    if (!verify(null, signed(said, group), publicKeyOf(group.owner), signature)) return undefined;
    return JSON.parse(said.toString());
  } catch {
    return undefined;
  }
}

function signed(said: Buffer, { owner, topic }: Group): Buffer {
  return Buffer.concat([Buffer.from(`cuitty-persist statement\0${JSON.stringify([owner, topic])}\0`), said]);
}

function publicKeyOf(owner: string): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: owner }, format: "jwk" });
}

/** A new owner's key, as it is kept in a file. */
export function generateOwnerKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

export function readOwnerKey(pem: string): { readonly key: KeyObject; readonly owner: string } {
  const key = createPrivateKey(pem);
  const { x } = createPublicKey(key).export({ format: "jwk" });
  return { key, owner: x as string };
}
