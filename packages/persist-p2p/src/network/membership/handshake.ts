/**
 * What two peers say to each other before anything else: a nonce each, then a proof each. Pure: it is given what came, and answers what is to be sent. The transport has
 * authenticated the peer ids, and the proof is bound to them, so that nobody in between can use it.
 *
 * ```
 * first                                      second
 *   HELLO version, nonce          ────────►
 *                                 ◄────────  HELLO version, nonce
 *   PROOF mac, attachment         ────────►  is convinced
 *   is convinced                  ◄────────  PROOF mac, attachment
 * ```
 *
 * Whoever opened the stream is first and proves first: a stranger who calls gets nothing but a nonce.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export type Role = "first" | "second";

/** Of everything that is taken from a peer before it has proved its membership, in bytes. */
export const untrustedBytes = 4096;

export interface HandshakeTerms {
  readonly role: Role;
  /** Peer ids. */
  readonly self: string;
  readonly peer: string;
  /** What the proof is good for: a proof for one purpose is none for another. */
  readonly purpose: string;
  readonly key: Uint8Array;
  /** Goes along with our proof. As second it is made only once the peer has proved itself. */
  attach(): Uint8Array;
  /** Judges what came along with the peer's proof. @throws {Refusal} */
  accept(attachment: Uint8Array): void;
}

export interface Handshake {
  /** What is sent first, if anything. */
  start(): Uint8Array | undefined;
  /** `done`: the peer is convinced, or will be by `send`, and so are we. @throws {Refusal} */
  receive(message: Uint8Array): { readonly send?: Uint8Array; readonly done: boolean };
}

/** The peer has not proved what it has to. The message says why, for the people on this side only. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

const version = 1;
const nonceBytes = 32;
const macBytes = 32;
const mark = { hello: 1, proof: 2 };

export function createHandshake(terms: HandshakeTerms): Handshake {
  const { role } = terms;
  const ownNonce = randomBytes(nonceBytes);
  let peerNonce: Uint8Array | undefined;

  const hello = (): Uint8Array => Buffer.concat([Uint8Array.of(mark.hello, version), ownNonce]);
  const proof = (nonce: Uint8Array): Uint8Array =>
    Buffer.concat([Uint8Array.of(mark.proof), macOf(terms, role, ownNonce, nonce), terms.attach()]);

  function greet(message: Uint8Array): { readonly send: Uint8Array; readonly done: boolean } {
    if (message[0] !== mark.hello || message.length !== 2 + nonceBytes) throw new Refusal("it speaks another protocol");
    if (message[1] !== version)
      throw new Refusal(`it speaks version ${message[1]} of the handshake, and not ${version}`);
    peerNonce = message.slice(2);
    return { send: role === "first" ? proof(peerNonce) : hello(), done: false };
  }

  function judge(message: Uint8Array, nonce: Uint8Array): { readonly send?: Uint8Array; readonly done: boolean } {
    if (message[0] !== mark.proof || message.length < 1 + macBytes) throw new Refusal("it speaks another protocol");
    const expected = macOf(terms, role === "first" ? "second" : "first", ownNonce, nonce);
    if (!timingSafeEqual(expected, message.subarray(1, 1 + macBytes))) {
      throw new Refusal("it has another topic or another secret");
    }
    terms.accept(message.subarray(1 + macBytes));
    return role === "first" ? { done: true } : { send: proof(nonce), done: true };
  }

  return {
    start: () => (role === "first" ? hello() : undefined),
    receive: (message) => (peerNonce === undefined ? greet(message) : judge(message, peerNonce)),
  };
}

/** The proof that `prover` gives. Everything before the nonces has its length before it, so that no two of them read the same. */
function macOf(
  { role, self, peer, purpose, key }: HandshakeTerms,
  prover: Role,
  own: Uint8Array,
  theirs: Uint8Array,
): Buffer {
  const mac = createHmac("sha256", key);
  const [first, second] = role === "first" ? [self, peer] : [peer, self];
  for (const part of [purpose, prover, first, second]) mac.update(`${Buffer.byteLength(part)}:${part}`);
  for (const nonce of role === "first" ? [own, theirs] : [theirs, own]) mac.update(nonce);
  return mac.digest();
}
