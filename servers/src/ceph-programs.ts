import { execFileSync } from "node:child_process";
import { findProgram } from "./find-program.ts";
import { MissingServer } from "./missing-server.ts";

const names = ["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"] as const;

export type CephProgram = (typeof names)[number];

export interface CephPrograms {
  /** Absolute paths. */
  readonly paths: Readonly<Record<CephProgram, string>>;
  /** `"16.2.15"`. */
  readonly version: string;
}

/** @throws MissingServer where one of them is missing, with what to install. */
export function findCeph(): CephPrograms {
  const found = names.map((name) => [name, findProgram(name)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) {
    throw new MissingServer(
      `There is no ${missing.join(", ")} on this machine. Install Debian's ceph-mon, ceph-osd and radosgw.`,
    );
  }
  const paths = Object.fromEntries(found) as CephPrograms["paths"];
  const said = execFileSync(paths["ceph-mon"], ["--version"], { encoding: "utf8" });
  return { paths, version: /ceph version (\S+)/.exec(said)?.[1] ?? "unknown" };
}
