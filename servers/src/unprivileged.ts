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
 * @throws Error where root can give up its privileges in no way that leaves both in reach.
 */
export function withoutPrivileges(program: string, folder: string): Unprivileged {
  if (process.getuid?.() !== 0) return { before: [] };
  const owner = nobody();
  const inReach = spawnSync("/bin/sh", ["-c", 'cd -- "$1" && exec "$2" --version', "sh", folder, program], {
    ...(owner ?? {}),
  });
  if (owner !== undefined && inReach.status === 0) return { before: [], owner };
  const [unshare = "", ...args] = insideNamespace;
  const inNamespace = spawnSync(unshare, [...args, program, "--version"]);
  if (inNamespace.status === 0) return { before: insideNamespace };
  throw new Error(
    `Cannot run ${program} as anyone but root, and it refuses to run as root: "nobody" cannot reach it or ${folder} ` +
      `(${inReach.stderr}), and there are no user namespaces (${inNamespace.error?.message ?? inNamespace.stderr}). ` +
      "Move the folder to where everybody may enter, set TMPDIR to such a one, or run as another user.",
  );
}

/** On macOS the ids of nobody are negative, which a process is given as unsigned numbers. */
function nobody(): Unprivileged["owner"] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("nobody:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
}
