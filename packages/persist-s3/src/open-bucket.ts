/** From the options to a bucket, once it is known what its server does. */
import type { Bucket } from "./bucket.ts";
import { type CopyLimits, copyLimits, createCopies } from "./bucket-copies.ts";
import { createListings } from "./bucket-listings.ts";
import { createReads } from "./bucket-reads.ts";
import { createUploads } from "./bucket-uploads.ts";
import { createWrites } from "./bucket-writes.ts";
import { createDriver, createGivenDriver, serverOf } from "./driver.ts";
import { signUrl } from "./drivers/signed-urls.ts";
import { createEmulation } from "./emulated-conditions.ts";
import { toPersistError } from "./errors.ts";
import type { ParsedOptions } from "./options.ts";
import { visit } from "./places.ts";
import { probe } from "./probe.ts";
import { createRequestLimit } from "./request-limit.ts";
import { createRetries } from "./retries.ts";
import { createRetryBudget } from "./retry-budget.ts";
import type { Sending } from "./sending.ts";

export interface Tuning {
  readonly copies?: CopyLimits;
  /** How long it may take until the server answers at all, in milliseconds. */
  readonly patience?: number;
}

/** Throws DENIED, INVALID_ARGUMENT or UNAVAILABLE where the bucket cannot be used; the message says why. */
export async function openBucket(options: ParsedOptions, tuning: Tuning = {}): Promise<Bucket> {
  const { copies = copyLimits, patience = 10_000 } = tuning;
  const { bucket: name, prefix, server, place, requestTimeout: within, concurrency } = options;
  const driver = "client" in server ? createGivenDriver(name, server.client) : createDriver(name, server.access);
  const { client } = driver;
  const end = (): void => {
    limit.close();
    if ("access" in server) client.destroy();
  };
  const limit = createRequestLimit(concurrency);
  const retries = createRetries(createRetryBudget(2 * concurrency), limit, place);
  const attempted = { attempt: "open a store", place, doubtful: false, times: 1 };
  try {
    const address = await serverOf(client).catch((error: unknown) => {
      throw toPersistError(error, attempted);
    });
    const visited = await visit(`${address} ${name}`, prefix, () =>
      probe({ driver, ...retries, within, patience }, prefix),
    );
    const sending: Sending = { driver, ...retries, ...visited, place, within };
    const { leave } = visited;

    const reads = createReads(sending);
    const emulation = createEmulation(sending, reads.head);
    const uploads = createUploads(sending, emulation, reads);
    return {
      name,
      enforced: visited.findings.enforced,
      ...reads,
      ...createWrites(sending, emulation),
      ...createListings(sending),
      ...createCopies(sending, emulation, reads, uploads, copies),
      ...uploads,
      async sign(key, { method, seconds, contentType }) {
        const url = await signUrl(driver, { key, method, seconds, contentType }).catch((error: unknown) => {
          throw toPersistError(error, { ...attempted, attempt: `sign a URL for "${key}"` });
        });
        return { url, headers: method === "PUT" && contentType !== undefined ? { "content-type": contentType } : {} };
      },
      raw: () => client,
      async close() {
        leave();
        end();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}
