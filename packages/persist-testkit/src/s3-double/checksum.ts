/** The additional checksums of S3, `x-amz-checksum-*`. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256";

/** How the checksum of an upload in parts comes about: over the checksums of its parts, or over its bytes. */
export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** In Base64; that of an upload in parts over their checksums ends with `-` and how many they are. */
  readonly value: string;
}

export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** In Base64. Ends it. */
  digest(): string;
}

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm}`;

/** How many bytes one is. */
export const checksumLength: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case "CRC32":
      return startCrc32();
    case "CRC32C":
      return startCrc32c();
    case "CRC64NVME":
      return startCrc64();
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("base64") };
    }
  }
}

export function checksumOf(algorithm: ChecksumAlgorithm, pieces: Iterable<Uint8Array>): string {
  const running = startChecksum(algorithm);
  for (const piece of pieces) running.update(piece);
  return running.digest();
}

function startCrc32(): RunningChecksum {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest: () => base64Of([value]),
  };
}

function startCrc32c(): RunningChecksum {
  castagnoli ??= reflectedTable(0, 0x82f63b78).low;
  const table = castagnoli;
  let value = 0xffffffff;
  return {
    update(bytes) {
      for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] as number);
    },
    digest: () => base64Of([~value]),
  };
}

/** In two halves: a number of JavaScript has 32 bits where it is shifted. */
function startCrc64(): RunningChecksum {
  nvme ??= reflectedTable(0x9a6c9329, 0xac4bc9b5);
  const { high: highs, low: lows } = nvme;
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update(bytes) {
      for (const byte of bytes) {
        const entry = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (lows[entry] as number);
        high = (high >>> 8) ^ (highs[entry] as number);
      }
    },
    digest: () => base64Of([~high, ~low]),
  };
}

let castagnoli: Uint32Array | undefined;
let nvme: ReturnType<typeof reflectedTable> | undefined;

function reflectedTable(polynomialHigh: number, polynomialLow: number): { high: Uint32Array; low: Uint32Array } {
  const table = { high: new Uint32Array(256), low: new Uint32Array(256) };
  for (let entry = 0; entry < 256; entry += 1) {
    let [high, low] = [0, entry];
    for (let bit = 0; bit < 8; bit += 1) {
      const isOdd = (low & 1) === 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (!isOdd) continue;
      low ^= polynomialLow;
      high ^= polynomialHigh;
    }
    table.high[entry] = high;
    table.low[entry] = low;
  }
  return table;
}

function base64Of(words: readonly number[]): string {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, index * 4);
  return bytes.toString("base64");
}
