import { S3Error } from "./s3-error.ts";

export interface ByteRange {
  readonly start: number;
  /** The first byte that is no more part of it. */
  readonly end: number;
}

/**
 * What a `Range` asks for: one range, `bytes=2-5`, `bytes=2-` or `bytes=-3`. Any other form is passed over, as the
 * standard says and S3 does.
 *
 * @throws S3Error `InvalidRange`
 */
export function readRange(
  header: string | undefined,
  size: number,
  passesOverReversed: boolean,
): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first === "") {
    const start = Math.max(0, size - Number(last));
    return start < size ? { start, end: size } : outside(header, size);
  }
  if (last !== "" && Number(last) < Number(first)) return passesOverReversed ? undefined : outside(header, size);
  if (Number(first) >= size) return outside(header, size);
  return { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
}

function outside(header: string | undefined, size: number): never {
  throw new S3Error(416, "InvalidRange", "The requested range is not satisfiable", {
    RangeRequested: header ?? "",
    ActualObjectSize: size,
  });
}
