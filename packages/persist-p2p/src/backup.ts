/** Copies of the file while it is in use. */
import { backup as backupFile, betterSqlite3 } from "@cuitty/persist-sqlite/adapter";

/**
 * Copies the file at `path` to `target`, which must not be there yet, while it may be in use. The copy has no name among the replicas: whoever opens it is a peer of its own, which compares all it has with the
 * others, so that nothing is lost or counted twice.
 *
 * @throws {PersistError} as the backup of the SQLite adapter.
 */
export async function backup(path: string, target: string): Promise<void> {
  await backupFile(path, target);
  const db = await betterSqlite3.open(target, { readOnly: false });
  try {
    db.exec("delete from persist where key = 'replica_id'");
  } finally {
    db.close();
  }
}
