/**
 * Where everything stands: physical layout, format 1.
 *
 * One scope owns the keys under `<name>/<namespace>/`; `-` stands for the store itself. Every value is a JSON object.
 *
 * | key | value |
 * |---|---|
 * | `meta` | `{format, name, namespace, reserved, forgotten, swept}`; written before the first commit |
 * | `redo` | `{seq, reserved, writes: [{key, value?}]}`: a commit of several keys while it is applied |
 * | `kv/<key>` | `{key?, value, version, created, updated, expires?, seq}` |
 * | `records/<key>` | the same with `index?: [[index, tuple, unique]]`: its entries, and `mark?`: see row-envelope.ts |
 * | `blobs/<key>` | the same with `content`: the name of its bytes |
 * | `system/<key>` | core's own, the same |
 * | `streams/<stream>` | the same; `value` is `{version, position, first?, erased?}`: of the last event, and of the first that is left |
 * | `log` | the same, of all streams; absent before the first event |
 * | `index/<index>/<tuple>.<key>` | `{tuple, key, expires?}`; tuples are hex |
 * | `index/<index>/<tuple>` | the same where the tuple is unique |
 * | `events/<position>` | `{stream, position, version, time, erased?, events: [{id, type, tags?, data, metadata?}]}`: 1 to 32 of one append, without its first `erased` |
 * | `stream-events/<stream>/<version>` | `{position}`: under which position the events from this version on stand |
 * | `event-ids/<stream>/<id>` | `{version, position}` |
 * | `bytes/<content>/<number>` | `{base64}`: 256 KiB of a blob, the last one less |
 * | `contents/<content>` | `{due, chunks?, size?}`: bytes that no row names, and when they may go |
 *
 * What was deleted leaves `{key?, deleted, reason?, version, seq}` in its row's place: `changes` reports it. `reason` is `expired` where it had.
 *
 * `seq` is the place in commit order. Places are used once and never again, also after a crash, because they are taken from blocks: the end of a block is
 * written to `meta` (`reserved`) before its first place is used, and a new process begins with a new block. Who skips the rest of a block leaves a gap.
 *
 * Names that come from outside are escaped (see escape.ts) and begin with `_` in each segment, so that none is `con`, hidden or empty. Every 200 characters `-/`
 * breaks them, because file names end at 255 bytes; segments that go on end in `-`, so that no path is both a file and a folder. Where a name is too
 * long, its tail gives way to `~~` and its SHA-256, and the value has the `key` in full. So no key exceeds 900 bytes.
 */
import type { Scope, Space } from "../contract.ts";
import { createSha256 } from "../sha256.ts";
import { escapeText } from "./escape.ts";

export const format = 1;

export const spaces: readonly Space[] = ["records", "kv", "blobs", "streams", "system"];

const segmentLength = 200;
const hashLength = 64;
/** What an escaped name contains nowhere. */
const cutMark = "~~";

/** The longest escaped name that is the last part of a key, and one that has another before or behind it. */
export const longestName = 600;
const longestSecond = 400;
const longestFirst = segmentLength;

/** Of the names of a listing, what is sure to be kept. */
export const headLength = (longest: number): number => longest - hashLength - cutMark.length;

/** Keys that are listed: their names stand between `prefix` and the end, and are in order as far as their heads go. */
export interface Area {
  readonly prefix: string;
  /** Of an escaped name that is not cut. */
  readonly longest: number;
}

export interface Layout {
  readonly meta: string;
  readonly redo: string;
  readonly contents: string;
  row(space: Space, key: string): string;
  rows(space: Space): Area;
  /** `name` is `<tuple>.<key>`, or `<tuple>` where it is unique. */
  indexEntry(index: string, name: string): string;
  index(index: string): Area;
  events(position: number): string;
  streamEvents(stream: string, version: number): string;
  eventId(stream: string, id: string): string;
  chunk(content: string, number: number): string;
  content(content: string): string;
}

export function createLayout({ name, namespace }: Scope): Layout {
  const root = `${segments(escapeText(name))}/${namespace === "" ? "-" : segments(escapeText(namespace))}/`;
  const area = (of: Space): Area => ({ prefix: `${root}${of}/`, longest: longestName });
  const areas: Record<Space, Area> = {
    records: area("records"),
    kv: area("kv"),
    blobs: area("blobs"),
    streams: area("streams"),
    system: area("system"),
  };
  const first = (text: string) => segments(cut(escapeText(text), longestFirst));
  return {
    meta: `${root}meta`,
    redo: `${root}redo`,
    contents: `${root}contents/`,
    row(space, key) {
      if (space === "streams" && key === "") return `${root}log`;
      return areas[space].prefix + segments(cut(escapeText(key), longestName));
    },
    rows: (space) => areas[space],
    indexEntry: (index, name) => `${root}index/${first(index)}/${segments(cut(name, longestSecond))}`,
    index: (index) => ({ prefix: `${root}index/${first(index)}/`, longest: longestSecond }),
    events: (position) => `${root}events/${numbered(position)}`,
    streamEvents: (stream, version) => `${root}stream-events/${first(stream)}/${numbered(version)}`,
    eventId: (stream, id) => `${root}event-ids/${first(stream)}/${segments(cut(escapeText(id), longestSecond))}`,
    chunk: (content, number) => `${root}bytes/${content}/${numbered(number)}`,
    content: (content) => `${root}contents/${content}`,
  };
}

/** The escaped name as it is in keys. A prefix of a name gives a prefix. */
export function segments(name: string): string {
  if (name.length <= segmentLength) return `_${name}`;
  let path = "";
  for (let i = 0; i < name.length; i += segmentLength) {
    path += `${i === 0 ? "_" : "-/_"}${name.slice(i, i + segmentLength)}`;
  }
  return path;
}

/** The name that {@link segments} was given. */
export function joinSegments(path: string): string {
  return path.slice(1).replaceAll("-/_", "");
}

/** The escaped name, or as much of its head as there is room for, and a hash. */
export function cut(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const hash = createSha256();
  hash.update(new TextEncoder().encode(name));
  return name.slice(0, headLength(longest)) + cutMark + hash.digest();
}

export function isCut(name: string): boolean {
  return name.includes(cutMark);
}

/** In the order of the numbers. */
export function numbered(number: number): string {
  return String(number).padStart(16, "0");
}
