import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";

/** What the figures were taken on. */
export function describeMachine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `Node ${process.versions.node}`,
    `${process.platform}-${process.arch}`,
    `${availableParallelism()} CPUs (${cpus()[0]?.model ?? "unknown"})`,
    `${memory} GiB of memory`,
  ].join(", ");
}

/** `lmdb 3.5.6`, as it is installed here. */
export function withVersion(packageName: string): string {
  const path = findPackageJSON(packageName, import.meta.url);
  if (path === undefined) return packageName;
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return `${packageName} ${version}`;
}
