/** Reading objects. */
import { PersistError } from "@cuitty/persist-core";
import { collect, createBody } from "./body.ts";
import type { Bucket, ByteSpan, OpenObject, Patience } from "./bucket.ts";
import { type Got, getObject, headObject } from "./drivers/objects.ts";
import { isMissing, refuse, statusOf } from "./errors.ts";
import type { Sending } from "./sending.ts";

export function createReads(sending: Sending): Pick<Bucket, "readText" | "head" | "open"> {
  const { driver, send, rest, within, place } = sending;

  const readText: Bucket["readText"] = (key, o) =>
    send(o, { attempt: `read "${key}"`, writes: false, within }, async ({ signal }) => {
      const got = await getObject(driver, { key }, signal).catch(noneWhereMissing);
      if (got === undefined) return undefined;
      const { body, length, offset: _, ...facts } = got;
      const bytes = await collect(body, length);
      return { key, ...facts, text: bytes.toString() };
    });

  const head: Bucket["head"] = (key, o) =>
    send(o, { attempt: `look at "${key}"`, writes: false, within }, async ({ signal }) => {
      const facts = await headObject(driver, { key, versionId: o.versionId }, signal).catch(noneWhereMissing);
      return facts === undefined ? undefined : { key, ...facts };
    });

  /** From an offset to an end, or to its own. */
  function get(
    key: string,
    o: Patience & { readonly versionId?: string | undefined },
    span: ByteSpan | undefined,
    etag: string | undefined,
  ): Promise<(Got & { release(): void }) | undefined> {
    const call = { attempt: `read "${key}"`, writes: false, within };
    const request = {
      key,
      versionId: o.versionId,
      ifMatch: etag === undefined ? undefined : `"${etag}"`,
      range: span && rangeOf(span),
    };
    return send(o, call, async ({ signal, hold }) => {
      const got = await getObject(driver, request, signal).catch(noneWhereOther);
      if (got === undefined) return undefined;
      if (span === undefined || isWithin(got, span)) {
        return { ...got, release: hold() };
      }
      got.body.destroy();
      throw refuse("UNSUPPORTED", `The server of ${place} does not heed which bytes are asked for.`, { key });
    });
  }

  const open: Bucket["open"] = async (key, o) => {
    const { span, ifEtag } = o;
    if (span !== undefined && "length" in span && span.length === 0) return await nothingOf(key, o);
    let got: Awaited<ReturnType<typeof get>>;
    try {
      got = await get(key, o, span, ifEtag);
    } catch (error) {
      if (!isBehindTheEnd(error)) throw error;
      return await nothingOf(key, o); // the object ends before the span begins
    }
    if (got === undefined) return undefined;
    const { body, offset, length, release, ...facts } = got;
    const end = offset + length;
    const source = {
      start: offset,
      end,
      within,
      reopen: async (position: number) => {
        const rest = { offset: position, length: end - position };
        const again = await get(key, o, rest, facts.etag);
        if (again === undefined) throw replaced(key);
        if (again.length === rest.length) return again;
        again.body.destroy();
        again.release();
        throw replaced(key);
      },
      rest: (error: unknown, times: number) =>
        rest(o, { attempt: `read "${key}"`, place, doubtful: false, times }, error),
    };
    return { key, ...facts, body: createBody({ body, release }, source, o) };
  };

  async function nothingOf(key: string, o: Parameters<Bucket["open"]>[1]): Promise<OpenObject | undefined> {
    const facts = await head(key, o);
    if (facts === undefined || (o.ifEtag !== undefined && facts.etag !== o.ifEtag)) return undefined;
    return { ...facts, body: (async function* () {})() };
  }

  return { readText, head, open };

  function replaced(key: string): PersistError {
    return refuse("CONFLICT", `"${key}" in ${place} was replaced while it was being read. Read it again.`, { key });
  }
}

/** More than any object has, and few enough digits for every server. */
const beyond = 2 ** 48;

function rangeOf(span: ByteSpan): string {
  if ("suffix" in span) return `bytes=-${Math.min(span.suffix, beyond)}`;
  const start = Math.min(span.offset, beyond);
  return span.length === undefined
    ? `bytes=${start}-`
    : `bytes=${start}-${Math.min(start + span.length, 2 * beyond) - 1}`;
}

function isWithin({ offset, length, size }: Got, span: ByteSpan): boolean {
  if ("suffix" in span) return length === Math.min(span.suffix, size) && offset + length === size;
  return offset === span.offset && length <= (span.length ?? size);
}

function noneWhereMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function noneWhereOther(error: unknown): undefined {
  if (statusOf(error) !== 412) noneWhereMissing(error);
}

const isBehindTheEnd = (error: unknown): boolean =>
  PersistError.is(error, "INVALID_ARGUMENT") && (error.cause as { status?: unknown } | undefined)?.status === 416;
