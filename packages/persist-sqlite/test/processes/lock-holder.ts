/** Holds the file's write lock from when it says "locked" until its input ends. */
import Database from "better-sqlite3";

const db = new Database(process.argv[2]);
db.exec("begin immediate");
console.log("locked");
process.stdin.resume().on("end", () => {
  db.exec("rollback");
  db.close();
});
