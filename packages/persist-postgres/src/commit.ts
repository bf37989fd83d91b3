/**
 * Commits: one statement for all lists, each judged against what the lists before it left, and then applied whole or not at all. See docs/design/0003-postgres.md for what
 * it locks.
 */
import { type CommitResult, type EngineOptions, type Op, PersistError } from "@cuitty/persist-core";
import { toResult } from "./answers.ts";
import { commitAside, isJudgedAside } from "./aside.ts";
import { type Connection, perSchema } from "./connection.ts";
import { compare, loneRow, rowLocks } from "./locking.ts";
import { type SentList, sentList } from "./operations.ts";
import { commitPlain } from "./plain-puts.ts";

const commitText = perSchema(
  (s) => `select answer from ${s}.commit_lists($1, $2, $3::text::json, $4::text::json) as answer`,
);

export async function commitLists(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  const plain = await commitPlain(connection, scope, lists, o);
  if (plain !== undefined) return plain;
  const order = inOrderOfLocks(lists);
  const results: CommitResult[] = [];
  try {
    for (let done = 0; done < order.length; ) {
      const rest = order.slice(done).map((i) => lists[i] as readonly Op[]);
      for (const result of await commitSome(connection, scope, rest, o)) {
        results[order[done++] as number] = result;
      }
    }
  } catch (error) {
    const isUnknown = PersistError.is(error) && error.outcome === "unknown";
    if (!isUnknown && results.length === 0) throw error;
    // What was answered before stands, so that the failure cannot be everybody's.
    for (const [i] of lists.entries()) results[i] ??= { outcome: "unknown", cause: error };
  }
  return results;
}

/** At least the first of the lists. */
async function commitSome(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  const [first] = lists as [readonly Op[]];
  if (isJudgedAside(first)) return [await commitAside(connection, scope, first, o)];
  const firstAside = lists.findIndex(isJudgedAside);
  const group = firstAside === -1 ? lists : lists.slice(0, firstAside);
  const locks = group.every((ops) => loneRow(ops) !== undefined) ? [] : rowLocks(group);
  const sent: SentList[] = group.map(sentList);
  const rows = await connection.write<{ answer: string }>(
    o,
    commitText(connection),
    [scope, o.now, locks.length === 0 ? null : JSON.stringify(locks), JSON.stringify(sent)],
    { fence: scope },
  );
  const results: CommitResult[] = [];
  for (const { answer } of rows) {
    const result = toResult(answer, o.now);
    if (result === "aside")
      results.push(await commitAside(connection, scope, group[results.length] as readonly Op[], o));
    else results.push(result);
  }
  return results;
}

/**
 * The numbers of the lists, where all of them write one row each: in the order of these rows, and those of one row as they come. Two groups of two processes then never wait in a circle. Other
 * groups lock all their rows beforehand.
 */
function inOrderOfLocks(lists: readonly (readonly Op[])[]): number[] {
  const order = lists.map((_, i) => i);
  const rows = lists.map(loneRow);
  if (rows.includes(undefined)) return order;
  return order.sort((a, b) => compare(rows[a] as string, rows[b] as string));
}
