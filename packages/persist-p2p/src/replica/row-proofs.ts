/** What of a line is sent, and who answers for it: the row with its present state, or what was erased of a stream. */
import { Buffer } from "node:buffer";
import type { Connection } from "@cuitty/persist-sqlite/host";
import { encodeRow } from "../state/row-item.ts";
import type { Authority } from "./authority.ts";
import { encodeErasure, readErased } from "./erasures.ts";
import { type Line, stateOf } from "./lines.ts";
import type { ItemParts } from "./parts.ts";
import { digestOf, isProof, type Proof, proofOf, sealIn, sign } from "./signing.ts";

/** As it is sent. */
export function sealedRow({ connection, authority }: ItemParts, line: Line): Uint8Array {
  const body = bodyOf(connection, line);
  if (authority === undefined) return body;
  return Buffer.concat([sealIn(proofOfRow(authority, body, line.proof)), body]);
}

/** What is kept of the line's signature, made where it is missing. */
export function proofOfLine({ connection, authority }: ItemParts, line: Line): Proof | null {
  return authority === undefined ? line.proof : proofOfRow(authority, bodyOf(connection, line), line.proof);
}

/** A row that has become something else since it was signed, as it has expired, is this peer's to answer for. */
function proofOfRow(authority: Authority, body: Uint8Array, kept: Proof | null): Proof {
  const digest = digestOf(body);
  return isProof(authority, kept, digest) ? kept : proofOf(sign(authority, digest), digest);
}

function bodyOf(connection: Connection, line: Line): Uint8Array {
  const { namespace, space, key } = line;
  return space === "streams"
    ? encodeErasure({ namespace, stream: key, erased: readErased(connection, namespace, key) })
    : encodeRow({ namespace, space, key, state: stateOf(connection, line) });
}
