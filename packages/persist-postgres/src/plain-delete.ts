/** One value that is deleted without conditions. */
import type { CommitResult, DeleteOp, EngineOptions, Op } from "@cuitty/persist-core";
import { type Connection, perSchema } from "./connection.ts";
import { lockedScope } from "./locked-scope.ts";

/** The deletion, where that is all there is. Several would lock their rows in any order, and wait for each other in a circle. */
export function plainDelete(lists: readonly (readonly Op[])[]): DeleteOp | undefined {
  const [op, another] = lists[0] ?? [];
  if (lists.length > 1 || another !== undefined || op?.op !== "delete") return undefined;
  return op.space === "kv" && op.ifVersion === undefined ? op : undefined;
}

const text = perSchema(
  (s) => (lock: number) =>
    `
  with gone as (
    delete from ${s}.kv using ${lockedScope(s, lock, "$1")} as given where kv.scope = $1 and kv.key = $2 and kv.version <> ''
    returning kv.key, kv.expires_at, given.xact
  )
  insert into ${s}.deletions (scope, space, key, version, deleted_at, reason, xact, n)
  select $1, 'kv', key, $3, $4, case when expires_at <= $4 then 'expired' else 'deleted' end, xact, 1 from gone
  returning reason`,
);

export async function deleteValue(
  connection: Connection,
  scope: number,
  { key, version }: DeleteOp,
  o: EngineOptions,
): Promise<CommitResult[]> {
  const params = [scope, key, version, o.now];
  const [row] = await connection.write<{ reason: string }>(o, text(connection)(connection.locks.scope), params, {
    fence: scope,
  });
  return [{ outcome: "applied", time: o.now, answers: [{ existed: row?.reason === "deleted" }] }];
}
