import type { ByteString } from "./byte-string.ts";
import type { KeyTable } from "./key-table.ts";

/** An object, or all whose keys have the same beginning up to a delimiter. */
export type Entry<T> =
  | { readonly item: T; readonly group?: undefined }
  | { readonly group: ByteString; readonly item?: undefined };

export interface Page<T> {
  readonly entries: readonly Entry<T>[];
  /** Where the next page begins; `undefined` where this is the last one. */
  readonly next: ByteString | undefined;
}

export interface PageRequest {
  readonly prefix: ByteString;
  /** `""` for none. */
  readonly delimiter: ByteString;
  /** The first key that may be on the page. */
  readonly from: ByteString;
  readonly most: number;
}

export function pageOf<T extends { readonly key: ByteString }>(
  table: Pick<KeyTable<T>, "from">,
  { prefix, delimiter, from, most }: PageRequest,
): Page<T> {
  const entries: Entry<T>[] = [];
  let next = from > prefix ? from : prefix;
  for (;;) {
    const [item] = table.from(next);
    if (item === undefined || !item.key.startsWith(prefix)) return { entries, next: undefined };
    if (entries.length >= most) return { entries, next: most === 0 ? undefined : next };
    const end = delimiter === "" ? -1 : item.key.indexOf(delimiter, prefix.length);
    if (end < 0) {
      entries.push({ item });
      next = behindKey(item.key);
    } else {
      const group = item.key.slice(0, end + delimiter.length);
      entries.push({ group });
      next = behindAll(group);
    }
  }
}

/** The first key that comes after this one. */
export const behindKey = (key: ByteString): ByteString => `${key}\0`;

/** The first key that comes after all that begin so. No byte of a key is 255, so the last one can be raised. */
function behindAll(beginning: ByteString): ByteString {
  const last = beginning.length - 1;
  return beginning.slice(0, last) + String.fromCharCode(beginning.charCodeAt(last) + 1);
}
