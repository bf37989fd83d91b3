/** An event as peers send it: by its author's log, with its content, or as one that has none any more. */
import { Buffer } from "node:buffer";
import { checkKey, decode, type NewEventRow } from "@cuitty/persist-core";
import { fromCbor, toCbor } from "../drivers/cbor.ts";
import { stampBytes } from "../state/stamp.ts";
import { ReplicaRefusal } from "../sync/replica.ts";
import { digestBytes, digestOf } from "./signing.ts";

export interface EventItem {
  /** 16 bytes. */
  readonly author: Uint8Array;
  /** Its place in the author's log: 1, 2, 3 … */
  readonly number: number;
  readonly stamp: Uint8Array;
  readonly namespace: string;
  readonly stream: string;
  readonly id: string;
  /** Left out where it was erased, or where another event has its id. */
  readonly content?: EventContent | undefined;
  /** 32 bytes: of the content that is left out, where it was signed. */
  readonly contentDigest?: Uint8Array | undefined;
}

export interface EventContent extends Omit<NewEventRow, "id"> {
  readonly time: number;
}

export const authorBytes = 16;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Texts are sent as bytes, so that they come as they are. */
export function encodeEvent(item: EventItem): Uint8Array {
  const { content, contentDigest } = item;
  if (content === undefined) return toCbor([...headOf(item), ...(contentDigest === undefined ? [] : [contentDigest])]);
  return toCbor([...headOf(item), ...fieldsOf(content)]);
}

/** What its author signs: it holds for the event when its content is gone. */
export function eventDigest(item: EventItem): Uint8Array {
  return digestOf(toCbor(["event", ...headOf(item), digestOfContent(item)]));
}

export function digestOfContent({ content, contentDigest }: EventItem): Uint8Array {
  if (content !== undefined) return digestOf(toCbor(fieldsOf(content)));
  return contentDigest ?? new Uint8Array(digestBytes); // it was gone before it was signed
}

function headOf({ author, number, stamp, namespace, stream, id }: EventItem): unknown[] {
  return [author, number, stamp, namespace, Buffer.from(stream), Buffer.from(id)];
}

function fieldsOf({ time, type, tags, data, metadata }: EventContent): unknown[] {
  const texts = [type, JSON.stringify(tags), data].map((text) => Buffer.from(text));
  return [time, ...texts, metadata === undefined ? null : Buffer.from(metadata)];
}

/** @throws {ReplicaRefusal} */
export function decodeEvent(body: Uint8Array): EventItem {
  const [author, number, stamp, namespace, stream, id, ...rest] = parse(body);
  require(isBytes(author, authorBytes) && isBytes(stamp, stampBytes), "its author or stamp");
  require(isCount(number) && number > 0, "its number");
  require(typeof namespace === "string", "its namespace");
  const head = { author, number, stamp, namespace, stream: textOf(stream), id: textOf(id) } as EventItem;
  checkName(head.stream);
  checkName(head.id);
  if (rest.length === 0) return head;
  if (rest.length > 1) return { ...head, content: contentOf(rest) };
  const [contentDigest] = rest;
  require(isBytes(contentDigest, digestBytes), "its digest");
  return { ...head, contentDigest } as EventItem;
}

function contentOf([time, ...texts]: unknown[]): EventItem["content"] {
  require(isCount(time) && texts.length === 4, "its time");
  const [type = "", tagList = "", data = ""] = texts.slice(0, 3).map(textOf);
  const tags = readValue(tagList);
  require(Array.isArray(tags) && tags.every((tag) => typeof tag === "string"), "its tags");
  readValue(data);
  const metadata = texts[3] === null ? undefined : textOf(texts[3]);
  if (metadata !== undefined) readValue(metadata);
  return { time: time as number, type, tags: tags as string[], data, ...(metadata === undefined ? {} : { metadata }) };
}

function textOf(bytes: unknown): string {
  require(bytes instanceof Uint8Array, "a text");
  try {
    return utf8.decode(bytes as Uint8Array);
  } catch {
    throw new ReplicaRefusal("An event has a text that is none.");
  }
}

function parse(body: Uint8Array): unknown[] {
  try {
    const fields: unknown = fromCbor(body);
    if (Array.isArray(fields)) return fields;
  } catch {
    // Told below.
  }
  throw new ReplicaRefusal("An event cannot be read.");
}

function checkName(name: string): void {
  try {
    checkKey(name);
  } catch {
    throw new ReplicaRefusal("An event has a name that no store gives.");
  }
}

function readValue(text: string): unknown {
  try {
    return decode(text);
  } catch {
    throw new ReplicaRefusal("An event has data that no store writes.");
  }
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function require(holds: boolean, what: string): void {
  if (!holds) throw new ReplicaRefusal(`An event cannot be used: ${what} is malformed.`);
}

/** As the port names items. */
export function eventId({ author, number }: Pick<EventItem, "author" | "number">): Uint8Array {
  const id = Buffer.alloc(16);
  id.set(author.subarray(0, 8));
  id.writeBigUInt64BE(BigInt(number), 8);
  return id;
}
