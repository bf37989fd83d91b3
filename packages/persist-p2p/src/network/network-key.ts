/**
 * A private network: every byte of a connection is encrypted once more, beneath all of libp2p, so that who lacks the key cannot even begin to talk. In place of `@libp2p/pnet`,
 * which breaks down under load. It hides and keeps out; that nobody alters what is sent is up to the encryption above it.
 *
 * Each side sends 32 random bytes, and from then on what it says in AES-256-CTR, with a key from the network's key and both sides' bytes.
 */
import { type Cipheriv, createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { AbortOptions, ConnectionProtector, MessageStream } from "@libp2p/interface";
import { AbstractMessageStream, type SendResult } from "@libp2p/utils";

type Bytes = Parameters<AbstractMessageStream["onData"]>[0];
type Sent = Parameters<AbstractMessageStream["sendData"]>[0];

const nonceBytes = 32;

export function createProtector(key: Uint8Array): ConnectionProtector {
  return {
    async protect(stream: MessageStream, { signal }: AbortOptions = {}): Promise<MessageStream> {
      const protectedStream = new ProtectedStream(stream, key);
      await protectedStream.greeted(signal);
      return protectedStream;
    },
  };
}

/** A class since libp2p's streams are made by extending its own. */
class ProtectedStream extends AbstractMessageStream {
  readonly #stream: MessageStream;
  readonly #key: Uint8Array;
  readonly #nonce: Buffer = randomBytes(nonceBytes);
  readonly #met: PromiseWithResolvers<void> = Promise.withResolvers();
  #greeting: Buffer = Buffer.alloc(0);
  #ciphers: { readonly out: Cipheriv; readonly in: Cipheriv } | undefined;

  constructor(stream: MessageStream, key: Uint8Array) {
    super({
      log: stream.log,
      inactivityTimeout: stream.inactivityTimeout,
      maxReadBufferLength: stream.maxReadBufferLength,
      direction: stream.direction,
    });
    this.#stream = stream;
    this.#key = key;
    this.#met.promise.catch(() => undefined);
    stream.addEventListener("message", ({ data }) => this.#receive(data.subarray()));
    stream.addEventListener("drain", () => this.safeDispatchEvent("drain"));
    stream.addEventListener("remoteCloseWrite", () => this.onRemoteCloseWrite());
    stream.addEventListener("close", ({ error, local }) => {
      this.#met.reject(error ?? new Error("the connection was closed"));
      if (error === undefined) this.onTransportClosed();
      else if (local === true) this.abort(error);
      else this.onRemoteReset();
    });
    stream.send(this.#nonce);
  }

  /** Resolves once both sides have sent their bytes. */
  greeted(signal: AbortSignal | undefined): Promise<void> {
    const give = (): void => this.#met.reject(signal?.reason);
    signal?.addEventListener("abort", give, { once: true });
    if (signal?.aborted === true) give();
    return this.#met.promise.finally(() => signal?.removeEventListener("abort", give));
  }

  #receive(data: Uint8Array): void {
    if (this.#ciphers === undefined) this.#meet(data);
    else this.onData(this.#ciphers.in.update(data) as Bytes);
  }

  #meet(data: Uint8Array): void {
    this.#greeting = Buffer.concat([this.#greeting, data]);
    if (this.#greeting.length < nonceBytes) return;
    const theirs = this.#greeting.subarray(0, nonceBytes);
    const early = this.#greeting.subarray(nonceBytes);
    this.#ciphers = {
      out: createCipheriv(...cipherOf(this.#key, this.#nonce, theirs)),
      in: createDecipheriv(...cipherOf(this.#key, theirs, this.#nonce)) as unknown as Cipheriv,
    };
    this.#met.resolve();
    if (early.length > 0) this.#receive(early);
  }

  override close(options?: AbortOptions): Promise<void> {
    return this.#stream.close(options);
  }

  override sendData(data: Sent): SendResult {
    const plain = data.subarray();
    const { out } = this.#ciphers as { readonly out: Cipheriv };
    return { sentBytes: plain.length, canSendMore: this.#stream.send(out.update(plain)) };
  }

  override sendReset(error: Error): void {
    this.#stream.abort(error);
  }

  override sendPause(): void {
    this.#stream.pause();
  }

  override sendResume(): void {
    this.#stream.resume();
  }
}

function cipherOf(key: Uint8Array, from: Uint8Array, to: Uint8Array): ["aes-256-ctr", Buffer, Buffer] {
  const made = Buffer.from(hkdfSync("sha256", key, Buffer.concat([from, to]), "cuitty-persist network", 48));
  return ["aes-256-ctr", made.subarray(0, 32), made.subarray(32)];
}
