import type { BlobBody, BlobInfo, BlobItem, BlobPutOptions, Blobs, StoredBlob } from "../api/blobs.ts";
import type { RangeOptions } from "../api/listings.ts";
import type { Clear, Condition, OpOptions } from "../api/operations.ts";
import { type Attempts, attemptOf } from "../attempts.ts";
import { beginCall, type Call } from "../calls.ts";
import { clearSpace } from "../clearing.ts";
import { parseCondition } from "../conditions.ts";
import type { Op, Row } from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { checkOptionNames } from "../option-names.ts";
import { readOne } from "../reading.ts";
import { listRows } from "../row-listing.ts";
import { reported, toBody } from "./blob-body.ts";
import { createContent, verified } from "./blob-content.ts";
import { type BlobFacts, parseFacts, parsePutOptions } from "./blob-facts.ts";
import { type BlobRange, parseBlobRange } from "./blob-range.ts";

type BlobOps = Pick<Blobs, "put" | "get" | "head" | "has" | "delete">;

const conditionNames = ["ifMatch", "ifNoneMatch"];
const putNames = [...conditionNames, "contentType", "metadata", "digest", "onProgress"];

export function createBlobOps(gate: Gate, attempts: Attempts): BlobOps {
  const read = (key: string, call: Call) => readOne(gate, "blobs", key, call);

  /** Commits an operation that asks for an etag (`null`: for nothing; `undefined`: for anything) by asking for the version that has it. */
  const commitIf = (
    etag: string | null | undefined,
    key: string,
    call: Call,
    toOp: (ifVersion?: string | null) => Op,
  ) =>
    attempts.run(gate, call, undefined, async () => {
      if (typeof etag !== "string") return { value: await gate.commit([toOp(etag)], call) };
      const row = await read(key, call);
      if (row === undefined || parseFacts(row).etag !== etag) throw otherEtag(key, etag, call);
      return attemptOf(gate.commit([toOp(row.version)], call));
    });

  const put = async (key: string, body: BlobBody, o?: BlobPutOptions): Promise<BlobInfo> => {
    checkKey(key);
    const call = beginCall("blobs.put", key, o, putNames);
    const etag = parseCondition("blobs.put", o);
    const { contentType, metadata, digest, onProgress } = parsePutOptions(o);
    const source = toBody(body);
    if (etag !== undefined) await checkEtag(etag, key, call);
    const { token, size, sha256 } = await gate.stage(
      onProgress === undefined ? source.chunks : reported(source, onProgress),
      call,
    );
    try {
      if (digest !== undefined && digest !== `sha-256:${sha256}`) {
        throw new PersistError(
          "INVALID_VALUE",
          `blobs.put: the content of "${key}" has the digest sha-256:${sha256}, and not the one given; nothing was stored.`,
          { key },
        );
      }
      const type = contentType ?? source.contentType ?? "application/octet-stream";
      const facts: BlobFacts = { size, digest: `sha-256:${sha256}`, etag: sha256, contentType: type, metadata };
      const value = JSON.stringify(facts);
      const op = { op: "put", space: "blobs", key, value, version: gate.version(), content: token } as const;
      const { time } = await commitIf(
        etag,
        key,
        { ...call, deadline: performance.now() + call.timeout },
        (ifVersion) => ({ ...op, ifVersion }),
      );
      return toInfo(key, facts, time);
    } catch (error) {
      // Where the commit may have happened, the bytes may be in use.
      if (!PersistError.is(error) || error.outcome !== "unknown") await gate.discard(token);
      throw error;
    }
  };

  return {
    put: (key, body, o) => gate.track(put(key, body, o)),

    async get(key: string, o?: OpOptions & { range?: BlobRange; ifMatch?: string }): Promise<StoredBlob | undefined> {
      checkKey(key);
      const call = beginCall("blobs.get", key, o, ["range", "ifMatch"]);
      const etag = parseCondition("blobs.get", o);
      const row = await read(key, call);
      if (row === undefined) {
        if (etag !== undefined) throw otherEtag(key, etag, call);
        return undefined;
      }
      const facts = parseFacts(row);
      if (etag !== undefined && etag !== facts.etag) throw otherEtag(key, etag, call);
      const { offset, length } = parseBlobRange(key, facts.size, o?.range);
      const open = () => {
        const chunks = gate.open(row, { offset, length }, call);
        return length === facts.size
          ? verified(key, facts.size, facts.digest.slice("sha-256:".length), chunks)
          : chunks;
      };
      return withContent(toInfo(key, facts, row.updatedAt), createContent(key, length, facts.contentType, open));
    },

    async head(key, o) {
      checkKey(key);
      const row = await read(key, beginCall("blobs.head", key, o));
      return row === undefined ? undefined : toInfo(key, parseFacts(row), row.updatedAt);
    },

    async has(key, o) {
      checkKey(key);
      return (await read(key, beginCall("blobs.has", key, o))) !== undefined;
    },

    async delete(key: string, o?: OpOptions & Condition) {
      checkKey(key);
      const call = beginCall("blobs.delete", key, o, conditionNames);
      const op = { op: "delete", space: "blobs", key, version: gate.version() } as const;
      const etag = parseCondition("blobs.delete", o);
      const { answers } = await commitIf(etag, key, call, (ifVersion) => ({ ...op, ifVersion }));
      return answers[0]?.existed === true;
    },
  };

  /** Whether the condition is met already, so that no bytes are moved in vain. */
  async function checkEtag(etag: string | null, key: string, call: Call): Promise<void> {
    const row = await read(key, call);
    if (etag !== (row === undefined ? null : parseFacts(row).etag)) throw otherEtag(key, etag, call);
  }
}

export function createBlobs(gate: Gate, attempts: Attempts): Blobs {
  return {
    ...createBlobOps(gate, attempts),
    list: (o?: RangeOptions) => listRows(gate, "blobs", "blobs.list", o, { keysOnly: false, show: toItem }),
    async url(key, o) {
      checkKey(key);
      if (o !== undefined) checkOptionNames("blobs.url", o, ["method", "expiresIn", "contentType"]);
      gate.ensureOpen();
      throw new PersistError(
        "UNSUPPORTED",
        "blobs.url: this backend has no links of its own (capabilities.signedUrls is absent). Serve the content of blobs.get instead.",
        { operation: "blobs.url", key },
      );
    },
    clear: (what: Clear, o?: OpOptions) => clearSpace(gate, "blobs", "blobs.clear", what, o),
  };
}

function toInfo(key: string, { size, etag, digest, contentType, metadata }: BlobFacts, time = 0): BlobInfo {
  return { key, size, etag, digest, contentType, metadata: { ...metadata }, lastModified: new Date(time) };
}

function toItem(row: Row): BlobItem {
  const { size, etag } = parseFacts(row);
  return { key: row.key, size, etag, lastModified: new Date(row.updatedAt ?? 0) };
}

/** The content's `body` is a getter that starts reading, and must stay one. */
function withContent(info: BlobInfo, content: ReturnType<typeof createContent>): StoredBlob {
  return Object.defineProperties(content, Object.getOwnPropertyDescriptors(info)) as StoredBlob;
}

function otherEtag(key: string, etag: string | null, { operation }: Call): PersistError {
  const problem =
    etag === null
      ? `there is already a blob "${key}"`
      : `"${key}" does not have the etag ${JSON.stringify(etag.slice(0, 80))}`;
  return new PersistError("CONFLICT", `${operation}: ${problem}.`, { operation, key });
}
