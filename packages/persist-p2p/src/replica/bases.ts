/** Rows that were written anew here: their lines get a stamp that is later than all before. */
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { RowState } from "../state/row-state.ts";
import { type Clock, compareStamps, type Stamp } from "../state/stamp.ts";
import { forgetAt, type Line, type ReplicatedSpace, type RowName, readLine } from "./lines.ts";

const columns = "namespace, space, key, seq, stamp, version, expires_at, forget_at";

const replacing = `on conflict (namespace, space, key) do update set seq = excluded.seq, stamp = excluded.stamp, mark = null, via = null,
    version = excluded.version, expires_at = excluded.expires_at, forget_at = excluded.forget_at, document = null, cells = null, base = null,
    expiry = null, proof = null
  where excluded.stamp > stamp`;

const upsertBase = `insert into replica_rows (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?) ${replacing}`;

/** As many as SQLite writes of its rows by one statement. */
const basesPerStatement = 25;

const upsertBases = `insert into replica_rows (namespace, space, key, seq, stamp)
  values ${Array(basesPerStatement).fill("(?, ?, ?, ?, ?)").join(", ")} ${replacing}`;

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

/** A put without an expiry, that was stamped when it was made. */
export interface NewBase {
  readonly namespace: string;
  readonly space: ReplicatedSpace;
  readonly key: string;
  readonly seq: number;
  readonly stamp: Stamp;
}

/** Inside a write transaction. The same for many, with the stamps that they have, where those are later than the ones before. */
export function writeBases(connection: Connection, clock: Clock, bases: readonly NewBase[]): void {
  for (let i = 0; i < bases.length; i += basesPerStatement) {
    const some = bases.slice(i, i + basesPerStatement);
    if (some.length < basesPerStatement || !writeTogether(connection, some)) {
      for (const base of some) writeStamped(connection, clock, base);
    }
  }
}

/** `false`: the stamp of some was not late enough. */
function writeTogether(connection: Connection, bases: readonly NewBase[]): boolean {
  const params = bases.flatMap(({ namespace, space, key, seq, stamp }) => [namespace, space, key, seq, stamp]);
  return Number(connection.statement(upsertBases).run(...params).changes) === bases.length;
}

function writeStamped(connection: Connection, clock: Clock, base: NewBase): void {
  const before = readLine(connection, base);
  if (before !== undefined && before.seq === base.seq) return; // it was written together with the others
  const isLater = before === undefined || compareStamps(before.stamp, base.stamp) < 0;
  if (!isLater) clock.observe(before.stamp);
  const stamp = isLater ? base.stamp : clock.tick();
  const { namespace, space, key, seq } = base;
  connection.statement(upsertBase).run(namespace, space, key, seq, stamp, null, null, null);
}
