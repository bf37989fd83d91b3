/** Servers refuse to run as root. Where root starts one, it runs as nobody. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** How to run a program without privileges: what goes before its name, and whose process it becomes. */
export interface Unprivileged {
  readonly before: readonly string[];
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Has no privileges outside its own user namespace, where its files stay root's: it reads what only root may enter. */
const insideNamespace = ["unshare", "--user", "--map-user=65534", "--map-group=65534"];

/**
 * @param program - Absolute path of a program that knows `--version`.
 * @param folder - That of the folder it is to be given.
 * @returns `undefined` where root can give up its privileges in no way that leaves both in reach.
 */
export function withoutPrivileges(program: string, folder: string): Unprivileged | undefined {
  if (process.getuid?.() !== 0) return { before: [] };
  const owner = nobody();
  if (owner !== undefined && reaches(owner, program, folder)) return { before: [], owner };
  const [unshare = "", ...args] = insideNamespace;
  return spawnSync(unshare, [...args, program, "--version"]).status === 0 ? { before: insideNamespace } : undefined;
}

export function outOfReach(program: string, folder: string): Error {
  return new Error(
    `Cannot run ${program}: it refuses to run as root, "nobody" cannot reach it or ${folder}, and this system gives no ` +
      "user namespaces. Set TMPDIR to a folder that everybody may enter, or run as another user.",
  );
}

function reaches(user: NonNullable<Unprivileged["owner"]>, program: string, folder: string): boolean {
  const tried = spawnSync("/bin/sh", ["-c", 'cd -- "$1" && exec "$2" --version', "sh", folder, program], user);
  return tried.status === 0;
}

/** On macOS the ids of nobody are negative, which a process is given as unsigned numbers. */
function nobody(): Unprivileged["owner"] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("nobody:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
}
