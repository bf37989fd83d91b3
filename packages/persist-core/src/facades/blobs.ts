import type { BlobBody, BlobInfo, BlobPutOptions, Blobs, StoredBlob } from "../api/blobs.ts";
import type { WatchOptions } from "../api/changes.ts";
import type { Clear, Condition, OpOptions } from "../api/operations.ts";
import { type Attempts, attemptOf } from "../attempts.ts";
import { beginCall, type Call, renewed } from "../calls.ts";
import { clearSpace } from "../clearing.ts";
import { parseCondition } from "../conditions.ts";
import type { Op, Row, WantedRange } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { watchKeys } from "../feed/watch-keys.ts";
import type { FetchedBlob, Gate, LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { readOne } from "../reading.ts";
import { reported, toBody } from "./blob-body.ts";
import { createContent, verified } from "./blob-content.ts";
import { createCopying } from "./blob-copying.ts";
import { type Etag, ensureConditions, otherEtag, versionFor } from "./blob-etags.ts";
import {
  checkDigest,
  conditionNames,
  defaultType,
  parseFacts,
  parsePutOptions,
  putNames,
  sha256Of,
  storedFacts,
  toFacts,
  toInfo,
} from "./blob-facts.ts";
import { createBlobLister } from "./blob-folders.ts";
import { createLinks } from "./blob-links.ts";
import { type BlobRange, checkBlobRange, cutRange } from "./blob-range.ts";
import { createUploads } from "./blob-uploads.ts";

type BlobOps = Pick<Blobs, "put" | "get" | "head" | "has" | "delete">;

export function createBlobOps(gate: Gate, attempts: Attempts): BlobOps {
  const read = (key: string, call: Call) => readOne(gate, "blobs", key, call);

  /** Commits an operation that asks for an etag (`null`: for nothing; `undefined`: for anything) by asking for the version that has it. */
  const commitIf = (etag: Etag, key: string, call: Call, toOp: (ifVersion?: string | null) => Op) =>
    attempts.run(gate, call, undefined, async () => {
      if (typeof etag !== "string") return { value: await gate.commit([toOp(etag)], call) };
      const version = await versionFor(gate, etag, key, call);
      return attemptOf(gate.commit([toOp(version)], call));
    });

  const put = async (key: string, body: BlobBody, o?: BlobPutOptions): Promise<BlobInfo> => {
    checkKey(key);
    const call = beginCall("blobs.put", key, o, putNames);
    const etag = parseCondition("blobs.put", o);
    const { contentType, metadata, digest, onProgress } = parsePutOptions("blobs.put", o);
    const source = toBody(body);
    const type = contentType ?? source.contentType ?? defaultType;
    if (etag !== undefined) await versionFor(gate, etag, key, call); // so that no bytes are moved in vain
    const { token, size, sha256 } = await gate.stage(
      onProgress === undefined ? source.chunks : reported(source, onProgress),
      { key, size: source.size, contentType: type, metadata, conditional: etag !== undefined },
      call,
    );
    try {
      checkDigest("blobs.put", key, digest, sha256);
      const facts = toFacts(size, sha256, type, metadata);
      const value = JSON.stringify(facts);
      const op = { op: "put", space: "blobs", key, value, version: gate.version(), content: token } as const;
      const { time, answers } = await commitIf(etag, key, renewed(call), (ifVersion) => ({ ...op, ifVersion }));
      return toInfo(key, storedFacts(facts, answers[0]), time);
    } catch (error) {
      // Where the commit may have happened, the bytes may be in use.
      if (!PersistError.is(error) || error.outcome !== "unknown") await gate.discard(token);
      throw error;
    }
  };

  /** Reads the row, and the bytes when they are asked for. */
  const find = async (key: string, range: WantedRange | undefined, call: Call): Promise<FetchedBlob | undefined> => {
    const row = await read(key, call);
    if (row === undefined) return undefined;
    const open = () => gate.open(row, cutRange(key, parseFacts(row).size, range), call);
    return { row, open, discard: () => undefined };
  };
  const fetch = gate.fetch ?? find;

  return {
    put: (key, body, o) => gate.track(put(key, body, o)),

    async get(key: string, o?: OpOptions & { range?: BlobRange; ifMatch?: string }): Promise<StoredBlob | undefined> {
      checkKey(key);
      const call = beginCall("blobs.get", key, o, ["range", "ifMatch"]);
      const etag = parseCondition("blobs.get", o);
      const range = checkBlobRange(key, o?.range);
      const blob = await fetch(key, range, call);
      if (blob === undefined) {
        if (etag !== undefined) throw otherEtag(key, etag, call);
        return undefined;
      }
      const facts = parseFacts(blob.row);
      const { size, digest, contentType } = facts;
      try {
        if (etag !== undefined && etag !== facts.etag) throw otherEtag(key, etag, call);
        const { length } = cutRange(key, size, range);
        const open = () =>
          length === size ? verified("blobs.get", key, size, sha256Of(digest), blob.open()) : blob.open();
        return withContent(toInfo(key, facts, blob.row.updatedAt), createContent(key, length, contentType, open));
      } catch (error) {
        blob.discard();
        throw error;
      }
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
      ensureConditions(gate, etag, call);
      const { answers } = await commitIf(etag, key, call, (ifVersion) => ({ ...op, ifVersion }));
      return answers[0]?.existed === true;
    },
  };
}

export function createBlobs(gate: LiveGate, attempts: Attempts): Blobs {
  return {
    ...createBlobOps(gate, attempts),
    ...createCopying(gate, attempts),
    ...createUploads(gate, attempts),
    list: createBlobLister(gate),
    ...createLinks(gate),
    clear: (what: Clear, o?: OpOptions) => clearSpace(gate, "blobs", "blobs.clear", what, o),
    watch: (what: string | { prefix: string }, o?: WatchOptions) => watchKeys(gate, "blobs", what, o, showInfo),
  };
}

/** As the feed of changes shows it. */
export function showInfo(row: Row): BlobInfo {
  return toInfo(row.key, parseFacts(row), row.updatedAt);
}

/** The content's `body` is a getter that starts reading, and must stay one. */
function withContent(info: BlobInfo, content: ReturnType<typeof createContent>): StoredBlob {
  return Object.defineProperties(content, Object.getOwnPropertyDescriptors(info)) as StoredBlob;
}
