/**
 * What a server does with conditions: it is asked, since many take them, answer as if they had been heeded, and overwrite. Everything is tried on keys of the probe's own, in four rounds of
 * requests that do not wait for one another.
 */
import { randomUUID } from "node:crypto";
import type { UploadedPart } from "./bucket.ts";
import { etagHeader } from "./conditions.ts";
import type { Driver } from "./driver.ts";
import { copyObject, deleteObject, type PutRequest, putObject, type Written } from "./drivers/objects.ts";
import { abortUpload, completeUpload, createUpload, uploadPart } from "./drivers/uploads.ts";
import { codeOf, statusOf } from "./errors.ts";
import type { Findings } from "./findings.ts";
import { removeLeftovers } from "./probe-leftovers.ts";
import type { Retries } from "./retries.ts";

export interface Probing extends Retries {
  readonly driver: Driver;
  /** How long the server may be silent, in milliseconds. */
  readonly within: number;
  /** How long it may take until the server answers at all, in milliseconds. */
  readonly patience: number;
}

/** What it is about comes of no condition: the bucket, the credentials, the server's own troubles. */
const unfit = (status: number, code: string): boolean =>
  status >= 500 && status !== 501 ? true : code === "NoSuchBucket" || [301, 307, 401, 429].includes(status);

type Answer = "done" | "refused" | "not taken";

/** An ETag that no body of the probe has. */
const otherEtag = "d41d8cd98f00b204e9800998ecf8427e";
const otherSha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const otherMd5 = "1B2M2Y8AsgTpgAmY7PhCfg==";

export async function probe({ driver, send, within, patience }: Probing, prefix: string): Promise<Findings> {
  const first = { deadline: performance.now() + patience };
  // Who has answered once is waited for.
  const o = { deadline: first.deadline + patience };
  const all = `${prefix}.persist-probe/`;
  const folder = `${all}${randomUUID()}`;
  const body = Buffer.from(`Persist asks what the server heeds: ${folder}`);
  const keys = new Set<string>();
  const at = (name: string): string => {
    const key = `${folder}/${name}`;
    keys.add(key);
    return key;
  };
  const call = { attempt: "open a store", writes: false, within };

  const ask = (request: (signal: AbortSignal) => Promise<unknown>): Promise<Answer> =>
    send(o, call, async ({ signal }) => {
      try {
        await request(signal);
        return "done";
      } catch (error) {
        const status = statusOf(error);
        if (status === undefined || unfit(status, codeOf(error))) throw error;
        return status === 412 ? "refused" : "not taken";
      }
    });

  const put =
    (name: string, more: Partial<PutRequest> = {}) =>
    (signal: AbortSignal) =>
      putObject(driver, { key: at(name), body, ...more }, signal);

  /** A key with the body. */
  const place = (name: string, patience = o): Promise<Written> =>
    send(patience, call, ({ signal }) => put(name)(signal));

  const begin = async (name: string): Promise<string | undefined> => {
    const key = at(name);
    let uploadId: string | undefined;
    await ask(async (signal) => {
      uploadId = await createUpload(driver, { key }, signal);
    });
    return uploadId;
  };

  const quoted = (etag: string) => etagHeader(etag, { unquoted: false });

  // The first alone: whether anything may be written, at one request's cost.
  const { etag } = await place("none", first);
  try {
    const names = [
      "match",
      "unquoted",
      "stale",
      "stale-unquoted",
      "delete",
      "target",
      "target-none",
      "upload",
      "upload-none",
    ];
    const [uploads] = await Promise.all([
      Promise.all(["upload", "upload-none"].map(begin)),
      removeLeftovers(driver, all, (request) => ask(request).catch(() => undefined)),
      ...names.map((name) => place(name)),
    ]);

    const ifMatch = quoted(etag);
    const stale = quoted(otherEtag);
    const copy = (to: string, more: Partial<Parameters<typeof copyObject>[1]>) => (signal: AbortSignal) =>
      copyObject(driver, { from: at("none"), to: at(to), ...more }, signal);
    const send1 = async (name: string, uploadId: string | undefined): Promise<UploadedPart | undefined> => {
      let part: UploadedPart | undefined;
      if (uploadId !== undefined) {
        await ask(async (signal) => {
          part = await uploadPart(driver, { key: at(name), uploadId, number: 1, body }, signal);
        });
      }
      return part;
    };
    const [
      none,
      match,
      unquotedMatch,
      refusedStale,
      refusedUnquoted,
      removal,
      copyStale,
      copyNone,
      copySource,
      sha256,
      md5,
      parts,
    ] = await Promise.all([
      ask(put("none", { ifNoneMatch: "*" })),
      ask(put("match", { ifMatch })),
      ask(put("unquoted", { ifMatch: etag })),
      ask(put("stale", { ifMatch: stale })),
      ask(put("stale-unquoted", { ifMatch: otherEtag })),
      ask((signal) => deleteObject(driver, { key: at("delete"), ifMatch: stale }, signal)),
      ask(copy("target", { ifMatch: stale })),
      ask(copy("target-none", { ifNoneMatch: "*" })),
      ask(copy("source", { sourceIfMatch: stale })),
      ask(put("sha256", { sha256: otherSha256 })),
      ask(put("md5", { md5: otherMd5 })),
      Promise.all(["upload", "upload-none"].map((name, index) => send1(name, uploads[index]))),
    ]);

    const complete = (
      name: string,
      index: number,
      conditions: { ifMatch?: string; ifNoneMatch?: string },
    ): Promise<Answer> => {
      const uploadId = uploads[index];
      const part = parts[index];
      if (uploadId === undefined || part === undefined) return Promise.resolve("not taken");
      return ask((signal) => completeUpload(driver, { key: at(name), uploadId, parts: [part], ...conditions }, signal));
    };
    const [completedStale, completedNone] = await Promise.all([
      complete("upload", 0, { ifMatch: stale }),
      complete("upload-none", 1, { ifNoneMatch: "*" }),
    ]);
    const [removed, copied, completed] = await Promise.all([
      removal === "refused"
        ? ask((signal) => deleteObject(driver, { key: at("delete"), ifMatch }, signal))
        : "not taken",
      copyStale === "refused" ? ask(copy("target", { ifMatch })) : "not taken",
      completedStale === "refused" ? complete("upload", 0, { ifMatch }) : "not taken",
    ]);
    await Promise.all(
      uploads.map((uploadId, index) =>
        uploadId === undefined || (index === 0 && completed === "done")
          ? undefined
          : ask((signal) => abortUpload(driver, { key: at(index === 0 ? "upload" : "upload-none"), uploadId }, signal)),
      ),
    );

    const unquoted = match !== "done" && unquotedMatch === "done";
    const isStaleRefused = (unquoted ? refusedUnquoted : refusedStale) === "refused";
    const isMatchTaken = match === "done" || unquoted;
    return {
      unquoted,
      enforced: {
        puts: none === "refused" && isStaleRefused && isMatchTaken,
        deletes: removed === "done",
        copies: copied === "done" && copyNone === "refused",
        completions: completed === "done" && completedNone === "refused",
      },
      copySources: copySource === "refused",
      wantsMd5: sha256 === "done" && md5 === "not taken",
    };
  } finally {
    await Promise.all(
      [...keys].map((key) => ask((signal) => deleteObject(driver, { key }, signal)).catch(() => undefined)),
    );
  }
}
