import type { ErrorCode, PersistError } from "@cuitty/persist-core";
import { equal, refused } from "./assertions.ts";
import type { Watched } from "./context.ts";

/** The work is refused with this code, and the backend has not heard of it. */
export async function refusedBeforeIo(
  { store, calls }: Watched,
  work: (store: Watched["store"]) => unknown,
  code: ErrorCode,
  what: string,
): Promise<PersistError> {
  const before = calls.length;
  const error = await refused(() => work(store), code, what);
  equal(calls.slice(before), [], `${what}: what the backend was asked before the refusal`);
  return error;
}
