/** Closed groups of peers without a network. */
import { generateKeyPairSync } from "node:crypto";
import { createAuthority } from "../../src/network/membership/authority.ts";
import type { Authority } from "../../src/replica/authority.ts";
import { openPeer, type TestPeer } from "../stores.ts";

export interface Member {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly authority: Authority;
}

export interface TestGroup {
  /** Somebody with a key, whom the owner has named. */
  admit(): Member;
  /** Somebody with a key, whom the owner has not named. */
  stranger(): Member;
}

export function createGroup(group = "the group"): TestGroup {
  const keys = new Map<string, Uint8Array>();
  let named: readonly string[] = [];
  const stranger = (): Member => {
    const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }) as { d: string; x: string };
    const publicKey = Buffer.from(x, "base64url");
    keys.set(x, publicKey);
    const seed = Buffer.from(d, "base64url");
    const publicKeyOf = (name: string): Uint8Array | undefined => keys.get(name);
    return {
      name: x,
      publicKey,
      authority: createAuthority({ seed, publicKey }, { group, everMembers: () => named, publicKeyOf }),
    };
  };
  return {
    stranger,
    admit() {
      const member = stranger();
      named = [...named, member.name];
      return member;
    },
  };
}

export async function openMember(member: Member, path?: string): Promise<TestPeer> {
  const peer = await openPeer(path);
  peer.replica.authorize(member.authority);
  return peer;
}
