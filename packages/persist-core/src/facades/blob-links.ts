/** Links to blobs that work without the store. */
import type { Blobs } from "../api/blobs.ts";
import type { Duration } from "../api/operations.ts";
import { beginCall } from "../calls.ts";
import type { SignedRequest } from "../contract.ts";
import { parseDuration } from "../durations.ts";
import { PersistError } from "../errors.ts";
import type { LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { isHeaderText } from "./blob-facts.ts";

const operation = "blobs.url";
const day = 24 * 60 * 60 * 1000;
const defaultExpiry = 15 * 60 * 1000;
const longestExpiry = 7 * day;

type LinkOptions = NonNullable<Parameters<Blobs["url"]>[1]>;

export function createLinks(gate: LiveGate): Pick<Blobs, "url"> {
  return {
    async url(key, o) {
      checkKey(key);
      const call = beginCall(operation, key, o, ["method", "expiresIn", "contentType"]);
      const what = parseOptions(key, o);
      gate.ensureOpen();
      if (gate.sign === undefined) {
        throw new PersistError(
          "UNSUPPORTED",
          `${operation}: this backend has no links of its own (capabilities.signedUrls is absent). Serve the content of blobs.get instead.`,
          { operation, key },
        );
      }
      const { url, headers } = await gate.sign(key, what, call);
      return { url, method: what.method, headers: { ...headers } };
    },
  };
}

function parseOptions(key: string, { method = "GET", expiresIn, contentType }: LinkOptions = {}): SignedRequest {
  const invalid = (problem: string) =>
    new PersistError("INVALID_ARGUMENT", `${operation}: ${problem}.`, { operation, key });
  if (method !== "GET" && method !== "PUT") throw invalid('method can be "GET" or "PUT"');
  if (contentType !== undefined && !isHeaderText(contentType)) {
    throw invalid("contentType must be a text of 1 to 255 printable ASCII characters");
  }
  if (contentType !== undefined && method === "GET") {
    throw invalid('contentType is for method "PUT": a blob that is read has got its own');
  }
  const expiry = expiresIn === undefined ? defaultExpiry : parseDuration(expiresIn satisfies Duration, "expiresIn");
  if (expiry > longestExpiry) throw invalid("expiresIn can be at most 7 days");
  if (key.split("/").some((segment) => segment === "." || segment === "..")) {
    throw invalid(
      `there can be no link to ${JSON.stringify(key)}: browsers take "." and ".." out of the path of a URL`,
    );
  }
  return { method, seconds: Math.ceil(expiry / 1000), contentType };
}
