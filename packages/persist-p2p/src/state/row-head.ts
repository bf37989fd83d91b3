/**
 * Stamp and times of a row as bytes: 24 of the stamp, then created, updated and, where it expires, expires, as whole milliseconds since the epoch. Each is told by how much it differs
 * from the one before, the first from the time of the stamp, which is little: one byte for its sign (128) and its length, and so many bytes, big-endian.
 */
import { ReplicaRefusal } from "../sync/replica.ts";
import type { RowState } from "./row-state.ts";
import { stampBytes, stampTime } from "./stamp.ts";

type Head = Pick<RowState, "stamp" | "createdAt" | "updatedAt" | "expiresAt">;

const negative = 0x80;
/** Of the greatest difference between two safe integers that is one itself. */
const mostBytes = 7;

export function packHead({ stamp, createdAt, updatedAt, expiresAt, expiry }: RowState): Uint8Array {
  const expires = expiry === undefined ? expiresAt : expiry.at;
  const head = new Uint8Array(stampBytes + 3 * (1 + mostBytes));
  head.set(stamp);
  let end = packDifference(head, stampBytes, createdAt - stampTime(stamp));
  end = packDifference(head, end, updatedAt - createdAt);
  if (expires !== undefined) end = packDifference(head, end, expires - updatedAt);
  return head.subarray(0, end);
}

/** Answers where it ends. */
function packDifference(head: Uint8Array, at: number, difference: number): number {
  let length = 0;
  for (let rest = Math.abs(difference); rest > 0; rest = Math.floor(rest / 256)) length++;
  head[at] = difference < 0 ? negative | length : length;
  let rest = Math.abs(difference);
  for (let i = length; i > 0; i--) {
    head[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + 1 + length;
}

/** Throws a ReplicaRefusal for whatever {@link packHead} does not make, and for times that are not whole milliseconds. */
export function unpackHead(head: Uint8Array): Head {
  if (head.length < stampBytes) throw malformed();
  const stamp = head.slice(0, stampBytes);
  let at = stampBytes;
  const next = (from: number): number => {
    const mark = head[at] ?? mostBytes + 1;
    const length = mark & ~negative;
    const isPadded = length > 0 ? head[at + 1] === 0 : mark === negative;
    if (length > mostBytes || at + length >= head.length || isPadded) throw malformed();
    let difference = 0;
    for (let i = 1; i <= length; i++) difference = difference * 256 + (head[at + i] as number);
    at += 1 + length;
    const time = mark < negative ? from + difference : from - difference;
    if (!Number.isSafeInteger(difference) || !Number.isSafeInteger(time)) throw malformed();
    return time;
  };
  const createdAt = next(stampTime(stamp));
  const updatedAt = next(createdAt);
  const expiresAt = at === head.length ? undefined : next(updatedAt);
  if (at !== head.length) throw malformed();
  return { stamp, createdAt, updatedAt, expiresAt };
}

function malformed(): ReplicaRefusal {
  return new ReplicaRefusal("A row has a malformed stamp, or times that are none.");
}
