/** In which order rows are locked: the same for everybody, so that nobody waits in a circle. */
import type { Op } from "@cuitty/persist-core";

/** A row to lock, as `lock_rows` takes it. */
export interface RowLock {
  readonly s: string;
  readonly k: string;
  /** Shared with others who only check it. */
  readonly h: boolean;
  /** It must be absent. */
  readonly a: boolean;
}

/** The rows of these lists, in the order in which they are locked. */
export function rowLocks(lists: readonly (readonly Op[])[]): RowLock[] {
  const locks = new Map<string, RowLock>();
  for (const op of lists.flat()) {
    if (!("key" in op) || op.space === "streams") continue;
    const name = placeOf(op.space, op.key);
    const other = locks.get(name);
    locks.set(name, {
      s: op.space,
      k: op.key,
      h: op.op === "check" && other?.h !== false,
      a: dependsOnAbsence(op) || other?.a === true,
    });
  }
  return [...locks].sort(([a], [b]) => compare(a, b)).map(([, lock]) => lock);
}

/** Whether it is told that the key was absent, or must be; a blob that is put releases what it had. What is written anyhow is locked when it is. */
function dependsOnAbsence(op: Op): boolean {
  if (op.op === "add" || (op.op === "put" && op.space === "blobs")) return true;
  if (op.op === "delete" && op.ifVersion === undefined) return true;
  return "ifVersion" in op && op.ifVersion === null;
}

/** Whether none of the lists is judged by what another one writes, but for those that write the same row. */
export function mayTakeAnyOrder(lists: readonly (readonly Op[])[]): boolean {
  if (lists.some((ops) => loneRow(ops) === undefined)) return false;
  if (lists.length === 1) return true;
  const checked = lists.some((ops) => ops.length > 1);
  return !lists.some((ops) => {
    const last = ops.at(-1) as Op;
    if (last.op === "put" || last.op === "reindex") {
      if (last.index?.some(({ unique }) => unique)) return true;
    }
    return checked && last.op !== "check" && "space" in last && last.space === "system";
  });
}

/** The one row that the list writes after checks of `system`; `undefined` where it is not of that kind. */
export function loneRow(ops: readonly Op[]): string | undefined {
  const last = ops.at(-1);
  if (last === undefined || !("key" in last)) return undefined;
  if (ops.length > 1 && !ops.slice(0, -1).every((op) => op.op === "check" && op.space === "system")) return undefined;
  return placeOf(last.space, last.key);
}

/** Space first, `system` before all: index definitions, which most commits check, are locked before records. */
function placeOf(space: string, key: string): string {
  return `${space === "system" ? 0 : 1} ${space} ${key}`;
}

export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
