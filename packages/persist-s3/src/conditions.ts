/** Conditions as the server wants them. */
import type { IfEtag } from "./bucket.ts";

export interface ConditionHeaders {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export interface ConditionStyle {
  /** Whether `If-Match` of writes is compared with the ETag without its quotes, as Ceph 16 does. */
  readonly unquoted: boolean;
}

export const etagHeader = (etag: string, { unquoted }: ConditionStyle): string => (unquoted ? etag : `"${etag}"`);

export function headersOf(ifEtag: IfEtag, style: ConditionStyle): ConditionHeaders {
  if (ifEtag === undefined) return {};
  return ifEtag === null ? { ifNoneMatch: "*" } : { ifMatch: etagHeader(ifEtag, style) };
}
