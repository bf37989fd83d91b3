/** This peer's key pair, made at the first start. Its peer id is derived from it. */

import { PersistError } from "@cuitty/persist-core";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { readPrivate, writePrivate } from "./private-files.ts";

export async function loadIdentity(path: string): Promise<PrivateKey> {
  const kept = await readPrivate(path);
  if (kept === undefined) {
    const key = await generateKeyPair("Ed25519");
    await writePrivate(path, Buffer.from(privateKeyToProtobuf(key)).toString("base64"));
    return key;
  }
  try {
    return privateKeyFromProtobuf(Buffer.from(kept.toString(), "base64"));
  } catch (cause) {
    throw new PersistError(
      "CORRUPT",
      `Could not read the identity in ${path}: it is no key. Restore it, or remove it to become another peer.`,
      {
        adapter: "p2p",
        cause,
      },
    );
  }
}
