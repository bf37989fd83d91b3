/** Lists of the kinds that come most often: all of them by one statement, and not one by one. */
import type { CommitResult, EngineOptions, Op } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { appendAll, plainAppends } from "./plain-appends.ts";
import { deleteValue, plainDelete } from "./plain-delete.ts";
import { plainRecords, plainValues, putRecords, putValues } from "./plain-puts.ts";

/** Nothing where the lists are of other kinds or of several, or stand in somebody's way: then nothing was written. */
export async function commitPlain(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[] | undefined> {
  const values = plainValues(lists);
  if (values !== undefined) {
    await putValues(connection, scope, values, o);
    const applied: CommitResult = { outcome: "applied", time: o.now, answers: [{}] };
    return lists.map(() => applied);
  }
  const records = plainRecords(lists);
  if (records !== undefined) return putRecords(connection, scope, lists, records, o);
  const appends = plainAppends(lists);
  if (appends !== undefined) return appendAll(connection, scope, appends, o);
  const deletion = plainDelete(lists);
  return deletion === undefined ? undefined : deleteValue(connection, scope, deletion, o);
}
