/** Keys from secrets. All of them are slow to make, so that what is on the air cannot be tried against a list of passwords. */
import { createHmac, scrypt } from "node:crypto";

/** 32 MiB and some 60 ms each time. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** 32 bytes. */
export function stretch(secret: Uint8Array, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, `cuitty-persist\0${salt}`, 32, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Another key from a key, 32 bytes: for another use each. */
export function subkey(key: Uint8Array, use: string): Buffer {
  return createHmac("sha256", key).update(use).digest();
}
