/**
 * Where everything stands: layout, format 1. What the keys mean: docs/design/0004-s3.md.
 *
 * One scope owns the keys below its root, but for those of its namespaces.
 */
import type { Scope, Space } from "@cuitty/persist-core";
import { cutName, numbered, writeName } from "./names.ts";

export const format = 1;

/** The spaces whose rows are JSON objects. `unique` and `locks` are the engine's own: who has a unique tuple, and what stands for a blob while it is part of a commit. */
export type RowSpace = "records" | "kv" | "system" | "unique" | "locks";

/** Keys that are listed. Names stand behind the prefix. */
export interface Area {
  readonly prefix: string;
  /** The longest name, in bytes. */
  readonly longest: number;
}

export interface Layout {
  /** Ends in a slash. */
  readonly root: string;
  readonly store: string;
  readonly checkpoint: string;
  row(space: RowSpace, key: string): string;
  rows(space: RowSpace): Area;
  /** The space of the contract that the row is of. */
  spaceOf(place: string): "records" | "kv" | "system" | undefined;
  readonly streams: Area;
  stream(stream: string): string;
  readonly slots: Area;
  /** The name is the same for all who want to make it: the position before it is known to them. */
  slot(number: number, before: number): string;
  index(index: string): Area;
  /** Of the pages of one stream. */
  pages(stream: string): string;
  /** Which slots have these versions. */
  page(stream: string, first: number, last: number): string;
  id(stream: string, id: string): string;
  /** Of the ids of one stream that core has made: all of a span at once. */
  idRanges(stream: string): string;
  readonly expiries: Area;
  /** The name of what tells that a row expires then. */
  expiry(at: number, space: string, key: string): string;
}

/** What S3 takes, in bytes. */
const longestKey = 1024;
/** Of a stream's name where others follow it. */
const longestStream = 400;

const folders: Readonly<Record<RowSpace, string>> = {
  records: "records/",
  kv: "kv/",
  system: ".persist/system/",
  unique: ".persist/unique/",
  locks: ".persist/locks/blobs/",
};

export function rootOf(prefix: string, { name, namespace }: Scope): string {
  return namespace === "" ? `${prefix}${name}/` : `${prefix}${name}/namespaces/${namespace}/`;
}

export function createLayout(root: string): Layout {
  const area = (folder: string): Area => {
    const prefix = root + folder;
    return { prefix, longest: longestKey - Buffer.byteLength(prefix) };
  };
  const areas = Object.fromEntries(Object.entries(folders).map(([space, folder]) => [space, area(folder)])) as Record<
    RowSpace,
    Area
  >;
  const place = ({ prefix, longest }: Area, text: string) => prefix + cutName(writeName(text), longest);
  const own = `${root}.persist/`;
  const streams = area(".persist/streams/");
  const ids = area(".persist/ids/");
  const slots = area(".persist/log/");
  const streamName = (stream: string) => cutName(writeName(stream), longestStream);
  const pages = (stream: string) => `${own}events/${streamName(stream)} `;

  return {
    root,
    store: `${own}store`,
    checkpoint: `${own}checkpoint`,
    row: (space, key) => place(areas[space], key),
    rows: (space) => areas[space],
    spaceOf: (place) => (["records", "kv", "system"] as const).find((space) => place.startsWith(areas[space].prefix)),
    streams,
    stream: (stream) => place(streams, stream),
    slots,
    slot: (number, before) => `${slots.prefix}${numbered(number)}.${numbered(before)}`,
    index: (index) => area(`.persist/index/${writeName(index)}/`),
    pages,
    page: (stream, first, last) => `${pages(stream)}${numbered(last)}.${numbered(first)}`,
    id: (stream, id) => ids.prefix + cutName(`${streamName(stream)} ${writeName(id)}`, ids.longest),
    idRanges: (stream) => `${own}id-ranges/${streamName(stream)} `,
    expiries: area(".persist/expiries/"),
    expiry: (at, space, key) => `${numbered(Math.max(0, at))} ${space} ${writeName(key)}`,
  };
}

/** The spaces of the contract that are rows here. */
export function isRowSpace(space: Space): space is "records" | "kv" | "system" {
  return space === "records" || space === "kv" || space === "system";
}

/** Of a listed key, the name. */
export const nameIn = ({ prefix }: Pick<Area, "prefix">, key: string): string => key.slice(prefix.length);
