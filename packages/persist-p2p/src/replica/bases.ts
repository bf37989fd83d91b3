/** Rows that were written anew here: their lines get a stamp that is later than all before. */
import type { PutOp } from "@cuitty/persist-core";
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { RowState } from "../state/row-state.ts";
import type { Clock } from "../state/stamp.ts";
import { forgetAt, type Line, type ReplicatedSpace, type RowName, readLine } from "./lines.ts";

const columns = "namespace, space, key, seq, stamp, version, expires_at, forget_at";

const replacing = `on conflict (namespace, space, key) do update set seq = excluded.seq, stamp = excluded.stamp, mark = null, via = null,
    version = excluded.version, expires_at = excluded.expires_at, forget_at = excluded.forget_at, document = null, cells = null, base = null,
    expiry = null, proof = null
  where excluded.stamp > stamp`;

const upsertBase = `insert into replica_rows (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?) ${replacing}`;

/** As many as SQLite writes of its rows by one statement. */
const basesPerStatement = 25;

// What is the same in all rows is bound once.
const upsertBases = `insert into replica_rows (${columns})
  values ${Array(basesPerStatement).fill("(:namespace, ?, ?, :seq, ?, null, ?, ?)").join(", ")} ${replacing}`;

/**
 * Inside a write transaction. Makes the state a new base, with a stamp that is greater than the one before: what this machine's clock says is enough nearly always, so that the line need not be read.
 */
export function writeBase(
  connection: Connection,
  clock: Clock,
  name: RowName,
  { value, version, expiresAt }: Pick<RowState, "value" | "version" | "expiresAt">,
  seq: number,
): void {
  const { namespace, space, key } = name;
  const statement = connection.statement(upsertBase);
  const removed = value === undefined ? version : null;
  for (;;) {
    const stamp = clock.tick();
    const forget = forgetAt({ value, stamp, expiresAt });
    const { changes } = statement.run(namespace, space, key, seq, stamp, removed, expiresAt ?? null, forget);
    if (Number(changes) > 0) return;
    clock.observe((readLine(connection, name) as Line).stamp);
  }
}

/** Inside a write transaction. The same for rows that are there now; of one key the last counts. */
export function writeBases(
  connection: Connection,
  clock: Clock,
  namespace: string,
  puts: readonly (PutOp & { readonly space: ReplicatedSpace })[],
  seq: number,
): void {
  for (let i = 0; i < puts.length; i += basesPerStatement) {
    const some = puts.slice(i, i + basesPerStatement);
    if (some.length < basesPerStatement || !writeTogether(connection, clock, namespace, some, seq)) {
      for (const put of some) writeBase(connection, clock, { namespace, ...put }, put, seq);
    }
  }
}

/** `false`: the stamp of some was not late enough. */
function writeTogether(
  connection: Connection,
  clock: Clock,
  namespace: string,
  puts: readonly (PutOp & { readonly space: ReplicatedSpace })[],
  seq: number,
): boolean {
  const params = puts.flatMap(({ space, key, value, expiresAt }) => {
    const stamp = clock.tick();
    return [space, key, stamp, expiresAt ?? null, forgetAt({ value, stamp, expiresAt })];
  });
  const { changes } = connection.statement(upsertBases).run({ namespace, seq }, ...params);
  return Number(changes) === puts.length;
}
