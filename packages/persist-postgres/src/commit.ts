/**
 * Commits: one statement for all lists, each judged against what the lists before it left, and then applied whole or not at all. See docs/design/0003-postgres.md for what
 * it locks.
 */
import { type CommitResult, type EngineOptions, type Op, PersistError } from "@cuitty/persist-core";
import { toResult } from "./answers.ts";
import { commitAside, isJudgedAside } from "./aside.ts";
import { type Connection, perSchema } from "./connection.ts";
import { compare, loneRow, mayTakeAnyOrder, type RowLock, rowLocks } from "./locking.ts";
import { type SentList, sentList } from "./operations.ts";
import { commitPlain } from "./plain.ts";

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
  const isAnyOrder = mayTakeAnyOrder(lists);
  const order = isAnyOrder ? inOrderOfRows(lists) : lists.map((_, i) => i);
  const results: CommitResult[] = [];
  let done = 0;
  try {
    while (done < order.length) {
      const rest = order.slice(done).map((i) => lists[i] as readonly Op[]);
      const group = rest.slice(0, countTogether(rest));
      const locks = isAnyOrder ? [] : rowLocks(group);
      for (const result of await commitTogether(connection, scope, group, locks, o)) {
        results[order[done++] as number] = result;
      }
      if (done === order.length) break;
      const next = order[done] as number;
      results[next] = await commitAside(connection, scope, lists[next] as readonly Op[], o);
      done += 1;
    }
  } catch (error) {
    const isUnknown = PersistError.is(error) && error.outcome === "unknown";
    if (!isUnknown && done === 0) throw error;
    // What was answered before stands, so that the failure cannot be everybody's.
    for (const [i] of lists.entries()) results[i] ??= { outcome: "unknown", cause: error };
  }
  return results;
}

/** How many are before the first that is known to be judged aside. */
function countTogether(lists: readonly (readonly Op[])[]): number {
  const first = lists.findIndex(isJudgedAside);
  return first === -1 ? lists.length : first;
}

/** Answers the lists, or those before one that turns out to have to be judged aside. */
async function commitTogether(
  connection: Connection,
  scope: number,
  lists: readonly (readonly Op[])[],
  locks: readonly RowLock[],
  o: EngineOptions,
): Promise<CommitResult[]> {
  if (lists.length === 0) return [];
  const sent: SentList[] = lists.map(sentList);
  const rows = await connection.write<{ answer: string }>(
    o,
    commitText(connection),
    [scope, o.now, locks.length === 0 ? null : JSON.stringify(locks), JSON.stringify(sent)],
    { fence: scope },
  );
  return rows.map(({ answer }) => toResult(answer, o.now)).filter((result) => result !== "aside");
}

/**
 * The numbers of the lists in the order of the rows that they write, and those of one row as they come. Two groups of two processes then never wait in a circle. Other groups lock all their rows
 * beforehand.
 */
function inOrderOfRows(lists: readonly (readonly Op[])[]): number[] {
  const rows = lists.map(loneRow);
  return lists.map((_, i) => i).sort((a, b) => compare(rows[a] as string, rows[b] as string));
}
